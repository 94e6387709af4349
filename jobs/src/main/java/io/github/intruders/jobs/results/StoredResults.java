package io.github.intruders.jobs.results;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.SideNames;
import io.github.intruders.jobs.table.SimilarityTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import io.github.intruders.jobs.table.TableDefinition;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/** Brings together what the tables hold: the entries that their rows were made from. */
public final class StoredResults {
  private static final int VECTORS = 1;
  private static final int INDEX_BITS = 26;

  private static final Comparator<VectorScan> BY_SIDE_AND_INDEX =
      Comparator.comparing(VectorScan::side).thenComparingInt(VectorScan::singularIndex);

  private final JavaSparkContext context;
  private final Tables tables;

  public StoredResults(JavaSparkContext context, Tables tables) {
    this.context = context;
    this.tables = tables;
  }

  /**
   * What the entries of some checkpoints come to.
   *
   * @param checkpointIds what is not in the tables is left out
   */
  public List<CheckpointFigures> figures(Collection<String> checkpointIds) throws IOException {
    return Results.figures(entries(checkpointIds));
  }

  /** The entries of some checkpoints, without their similarities, grouped and ordered. */
  public JavaRDD<ScanEntry> entries(Collection<String> checkpointIds) throws IOException {
    JavaPairRDD<MatrixKey, Row> matrices =
        rows(MatricesTable.TABLE, checkpointIds).mapToPair(row -> new Tuple2<>(key(row, 0), row));
    JavaPairRDD<MatrixKey, Row> vectors =
        rows(SingularVectorsTable.TABLE, checkpointIds)
            .mapToPair(row -> new Tuple2<>(key(row, vectorOrder(row)), row));
    return matrices
        .union(vectors)
        .repartitionAndSortWithinPartitions(
            ByCheckpoint.ofCheckpoints(checkpointIds, context.defaultParallelism()))
        .mapPartitions(new Assemble());
  }

  /**
   * Single matrices: their leading vectors, with the similarities to the base's.
   *
   * @param matrices matrices by checkpoint; few
   * @param vectors how many of each
   */
  public List<ScanEntry> details(Map<String, Set<String>> matrices, int vectors)
      throws IOException {
    Set<String> names = new HashSet<>();
    matrices.values().forEach(names::addAll);
    Map<MatrixKey, List<VectorScan>> vectorsOf = new HashMap<>();
    for (Row row :
        few(SingularVectorsTable.TABLE, matrices, names)
            .where(col("singular_index").lt(vectors))
            .collectAsList()) {
      vectorsOf
          .computeIfAbsent(key(row, 0), unseen -> new ArrayList<>())
          .add(SingularVectorsTable.fromRow(row));
    }
    Map<MatrixKey, Map<Side, double[][]>> similaritiesOf = new HashMap<>();
    for (Row row :
        few(SimilarityTable.TABLE, matrices, names)
            .where(col("tuned_index").lt(vectors).and(col("base_index").lt(vectors)))
            .collectAsList()) {
      similaritiesOf.computeIfAbsent(key(row, 0), unseen -> new EnumMap<>(Side.class))
              .computeIfAbsent(
                  SideNames.fromColumn(row.getAs("side")), unseen -> new double[vectors][vectors])[
              row.<Integer>getAs("tuned_index")][row.<Integer>getAs("base_index")] =
          row.<Double>getAs("similarity");
    }
    List<ScanEntry> details = new ArrayList<>();
    for (Row row : few(MatricesTable.TABLE, matrices, names).collectAsList()) {
      MatrixKey key = key(row, 0);
      if (matrices.get(key.checkpointId()).contains(key.matrix())) {
        List<VectorScan> of = vectorsOf.getOrDefault(key, List.of());
        of = of.stream().sorted(BY_SIDE_AND_INDEX).toList();
        details.add(
            MatricesTable.fromRow(row, of)
                .withSimilarity(cut(similaritiesOf.getOrDefault(key, Map.of()), of)));
      }
    }
    return details;
  }

  private Dataset<Row> few(
      TableDefinition table, Map<String, Set<String>> matrices, Set<String> names)
      throws IOException {
    return tables
        .stored(table.name())
        .where(
            col(table.partition())
                .isin(matrices.keySet().toArray())
                .and(col("matrix").isin(names.toArray())));
  }

  /** As many rows and columns as there are vectors. */
  private static Map<Side, List<double[]>> cut(
      Map<Side, double[][]> similarities, List<VectorScan> vectors) {
    Map<Side, List<double[]>> cut = new EnumMap<>(Side.class);
    similarities.forEach(
        (side, square) -> {
          int size = (int) vectors.stream().filter(vector -> vector.side() == side).count();
          cut.put(
              side,
              Arrays.stream(square).limit(size).map(row -> Arrays.copyOf(row, size)).toList());
        });
    return cut;
  }

  private JavaRDD<Row> rows(TableDefinition table, Collection<String> checkpointIds)
      throws IOException {
    Dataset<Row> rows = tables.stored(table.name());
    return rows.where(col(table.partition()).isin(checkpointIds.toArray())).toJavaRDD();
  }

  private static MatrixKey key(Row row, int order) {
    return new MatrixKey(row.getAs("checkpoint_id"), row.getAs("matrix"), order);
  }

  private static int vectorOrder(Row row) {
    int index = row.<Integer>getAs("singular_index");
    boolean first = SideNames.fromColumn(row.getAs("side")) == Side.LEFT;
    return index + (first ? VECTORS : VECTORS + (1 << INDEX_BITS));
  }

  /** Executor work: a matrix and its vectors become its entry again. */
  private static final class Assemble
      implements FlatMapFunction<Iterator<Tuple2<MatrixKey, Row>>, ScanEntry> {
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<ScanEntry> call(Iterator<Tuple2<MatrixKey, Row>> pieces) {
      return new Selected<Tuple2<MatrixKey, Row>, ScanEntry>(pieces) {
        private MatrixKey key;
        private Row matrix;
        private List<VectorScan> vectors = new ArrayList<>();

        @Override
        ScanEntry select(Tuple2<MatrixKey, Row> piece) {
          ScanEntry ended = null;
          if (!piece._1().isOfSameMatrix(key)) {
            ended = last();
            key = piece._1();
          }
          if (piece._1().order() == 0) {
            matrix = piece._2();
          } else {
            vectors.add(SingularVectorsTable.fromRow(piece._2()));
          }
          return ended;
        }

        @Override
        ScanEntry last() {
          ScanEntry entry = matrix == null ? null : MatricesTable.fromRow(matrix, vectors);
          matrix = null;
          vectors = new ArrayList<>();
          return entry;
        }
      };
    }
  }
}
