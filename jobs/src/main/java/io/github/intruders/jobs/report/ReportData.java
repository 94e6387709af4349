package io.github.intruders.jobs.report;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.ceil;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.desc;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.RejectsTable;
import io.github.intruders.jobs.table.SimilarityTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import io.github.intruders.jobs.table.TableReader;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What the report shows, read from the tables. All is summed up or cut at a bound in Spark: neither
 * the driver's memory nor the page grows with matrices, vectors or, beyond {@link
 * #CHECKPOINTS_DRAWN}, with checkpoints.
 */
final class ReportData {
  /** Of more, so many are drawn, evenly over the counts of intruders. */
  private static final int CHECKPOINTS_DRAWN = 1000;

  private static final int WORST_MATRICES = 60;
  private static final int REJECTS_SHOWN = 50;

  /** Of a matrix that is shown by itself. */
  private static final int VECTORS_SHOWN = 10;

  /** Up to so many checkpoints, curves over the singular index have all their points. */
  private static final int FINE_CURVES = 100;

  /** Points of a curve over the share of the spectrum. */
  private static final int SHARE_STEPS = 24;

  /** Cells of the heat maps of single checkpoints, and how many of those there are at most. */
  private static final int HEAT_CELLS = 10_000;

  private static final int HEAT_CHECKPOINTS = 40;

  private final TableReader tables;
  private final EmbeddedTables page = new EmbeddedTables();

  private ReportData(TableReader tables) {
    this.tables = tables;
  }

  /** Reads it; tables of stages that did not run are left out. */
  static JsonNode read(TableReader tables, Storage storage, String outUri) throws IOException {
    return new ReportData(tables).read(summary(storage, outUri));
  }

  private static ObjectNode summary(Storage storage, String outUri) throws IOException {
    String file = storage.resolve(outUri, "_summary.json");
    if (!storage.exists(file)) {
      return JsonNodeFactory.instance.objectNode();
    }
    try (RangeSource source = storage.open(file)) {
      byte[] bytes = new byte[Math.toIntExact(source.lengthBytes())];
      source.readFully(0, bytes, 0, bytes.length);
      ObjectNode summary = (ObjectNode) EmbeddedTables.JSON.readTree(bytes);
      summary.remove(List.of("checkpoints", "accumulation", "ranking", "forgetting"));
      return summary;
    }
  }

  private ObjectNode read(ObjectNode summary) throws IOException {
    Dataset<Row> checkpoints = tables.stored(CheckpointsTable.NAME);
    Dataset<Row> drawn = local(drawn(checkpoints));
    page.put("checkpoints", drawn);
    Dataset<Row> ids = drawn.select("checkpoint_id");
    Dataset<Row> vectors = tables.stored(SingularVectorsTable.NAME);
    Dataset<Row> ofDrawn = vectors.join(broadcast(ids), columns("checkpoint_id"), "left_semi");
    putByIndex(ofDrawn, ids.count());
    putByShare(ofDrawn);
    putHeat(vectors, drawn);
    Dataset<Row> worst = local(worst(tables.stored(MatricesTable.NAME)));
    page.put("worst", worst);
    Dataset<Row> followed = new SequenceFigures(tables, page).put(ids);
    putMatrices(vectors, worst.select("checkpoint_id", "matrix").unionByName(followed).distinct());
    new OutcomeFigures(tables, page).put(ids);
    Dataset<Row> rejects = tables.stored(RejectsTable.NAME);
    page.put("rejects", rejects.drop("run_id").limit(REJECTS_SHOWN));
    ObjectNode data = page.toJson();
    data.set("summary", summary);
    data.putObject("counts")
        .put("checkpoints", checkpoints.count())
        .put("rejects", rejects.count());
    return data;
  }

  private static Dataset<Row> drawn(Dataset<Row> checkpoints) {
    return evenly(
            CheckpointsTable.ranked(checkpoints),
            "base_id",
            expr("struct(-intruder_count, checkpoint_id)"),
            CHECKPOINTS_DRAWN)
        .select(
            "checkpoint_id",
            "base_id",
            "sequence",
            "step",
            "task",
            "method",
            "place",
            "matrices",
            "intruders",
            "intruder_count",
            "intruder_energy_share",
            "update_effective_rank",
            "update_relative_norm",
            "max_residual",
            "rejected")
        .orderBy("sequence", "step", "checkpoint_id");
  }

  /**
   * By checkpoint and singular index: how best similarities spread over the matrices, and how many
   * vectors up to there are intruders.
   */
  private void putByIndex(Dataset<Row> vectors, long checkpoints) throws IOException {
    String curve = "PARTITION BY checkpoint_id, side";
    page.put(
        "vectors",
        vectors
            .groupBy("checkpoint_id", "side", "singular_index")
            .agg(
                sum(col("is_intruder").cast("int")).as("intruders"),
                count(lit(1)).as("tested"),
                functions.min("best_similarity").as("lowest"),
                expr("percentile(best_similarity, 0.25)").as("lower"),
                expr("percentile(best_similarity, 0.5)").as("median"),
                expr("percentile(best_similarity, 0.75)").as("upper"),
                functions.avg("null_similarity").as("chance"))
            .withColumn(
                "intruders",
                expr("sum(intruders) OVER (%s ORDER BY singular_index)".formatted(curve)))
            .withColumn(
                "tested", expr("sum(tested) OVER (%s ORDER BY singular_index)".formatted(curve)))
            .withColumn("last", expr("max(singular_index) OVER (%s)".formatted(curve)))
            .where(
                col("singular_index")
                    .isin(indices(checkpoints <= FINE_CURVES))
                    .or(col("singular_index").equalTo(col("last"))))
            .drop("last")
            .orderBy("checkpoint_id", "side", "singular_index"));
  }

  /** All the first indices, then so many an octave. */
  private static Object[] indices(boolean fine) {
    int dense = fine ? 32 : 12;
    int anOctave = fine ? 4 : 2;
    return IntStream.concat(
            IntStream.range(0, dense),
            IntStream.range(0, anOctave * 14)
                .map(step -> (int) Math.round(dense * Math.pow(2, (double) step / anOctave))))
        .distinct()
        .boxed()
        .toArray();
  }

  /**
   * By checkpoint and share of the spectrum: how many vectors lie there, and how many of them are
   * intruders. A vector's share is (its index + 1) / min(rows, cols) of its matrix.
   */
  private void putByShare(Dataset<Row> vectors) throws IOException {
    Dataset<Row> sizes =
        tables
            .stored(MatricesTable.NAME)
            .select(col("checkpoint_id"), col("matrix"), expr("least(rows, cols)").as("size"));
    Dataset<Row> shares =
        vectors
            .join(sizes, columns("checkpoint_id", "matrix"), "inner")
            .groupBy("checkpoint_id", "side", "size", "singular_index")
            .agg(sum(col("is_intruder").cast("int")).as("intruders"), count(lit(1)).as("tested"))
            .withColumn("share", expr("(singular_index + 1) / size"));
    Object largest = shares.agg(max("share")).first().get(0);
    if (largest == null) {
      return;
    }
    Column steps = col("share").divide(largest).multiply(SHARE_STEPS);
    page.put(
        "shares",
        shares
            .groupBy(
                col("checkpoint_id"),
                col("side"),
                ceil(functions.round(steps, 6))
                    .multiply((double) largest / SHARE_STEPS)
                    .as("share"))
            .agg(sum("intruders").as("intruders"), sum("tested").as("tested"))
            .orderBy("checkpoint_id", "side", "share"));
  }

  /** Of all checkpoints together, of each method, and of those with most intruders. */
  private void putHeat(Dataset<Row> vectors, Dataset<Row> drawn) throws IOException {
    Dataset<Row> whole = local(heat(vectors, lit("all checkpoints")));
    page.put("heat", whole);
    page.put(
        "heat_of_methods",
        heat(
            vectors.join(
                broadcast(drawn.where("method IS NOT NULL").select("checkpoint_id", "method")),
                columns("checkpoint_id"),
                "inner"),
            col("method")));
    long single = Math.min(HEAT_CHECKPOINTS, HEAT_CELLS / Math.max(1, whole.count()));
    Dataset<Row> most =
        local(
            drawn
                .where("matrices > 0")
                .orderBy(desc("intruder_count"), col("checkpoint_id"))
                .limit((int) single)
                .select("checkpoint_id"));
    page.put(
        "heat_of_checkpoints",
        heat(
            vectors.join(broadcast(most), columns("checkpoint_id"), "left_semi"),
            col("checkpoint_id")));
  }

  private static Dataset<Row> heat(Dataset<Row> vectors, Column of) {
    return vectors
        .groupBy(of.as("of"), col("layer"), col("module"))
        .agg(
            sum(col("is_intruder").cast("int")).as("intruders"),
            count(lit(1)).as("tested"),
            expr("sum(if(is_intruder, singular_value * singular_value, 0))"
                    + " / sum(singular_value * singular_value)")
                .as("energy_share"))
        .orderBy("of", "layer", "module")
        .limit(HEAT_CELLS);
  }

  private static Dataset<Row> worst(Dataset<Row> matrices) {
    return matrices
        .where("intruder_count > 0")
        .orderBy(
            desc("intruder_count"),
            desc("intruder_energy_share"),
            col("checkpoint_id"),
            col("matrix"))
        .limit(WORST_MATRICES)
        .select(
            "checkpoint_id",
            "matrix",
            "rows",
            "cols",
            "dtype",
            "intruder_count",
            "intruder_energy_share",
            "update_rank",
            "update_effective_rank",
            "update_relative_norm",
            "update_spectral_norm",
            "base_spectral_norm",
            "critical_margin",
            "solver",
            "max_residual");
  }

  /** The leading vectors of some matrices, one by one, with their similarities to the base's. */
  private void putMatrices(Dataset<Row> vectors, Dataset<Row> chosen) throws IOException {
    Seq<String> matrix = columns("checkpoint_id", "matrix");
    Dataset<Row> similarities =
        tables
            .stored(SimilarityTable.NAME)
            .where(col("tuned_index").lt(VECTORS_SHOWN).and(col("base_index").lt(VECTORS_SHOWN)))
            .join(broadcast(chosen), matrix, "left_semi")
            .groupBy(
                col("checkpoint_id"),
                col("matrix"),
                col("side"),
                col("tuned_index").as("singular_index"))
            .agg(
                expr("transform(array_sort(collect_list(struct(base_index, similarity))),"
                        + " x -> round(x.similarity, 3))")
                    .as("similarities"));
    page.put(
        "matrices",
        vectors
            .where(col("singular_index").lt(VECTORS_SHOWN))
            .join(broadcast(chosen), matrix, "left_semi")
            .select(
                "checkpoint_id",
                "matrix",
                "side",
                "singular_index",
                "singular_value",
                "base_singular_value",
                "is_intruder",
                "best_similarity",
                "best_base_index",
                "null_similarity",
                "cluster_similarity",
                "energy_in_base_top_k")
            .join(
                similarities, columns("checkpoint_id", "matrix", "side", "singular_index"), "left")
            .orderBy("checkpoint_id", "matrix", "side", "singular_index"));
  }

  /** Rows that are few, held by the driver and read no more. */
  static Dataset<Row> local(Dataset<Row> few) {
    return few.sparkSession().createDataFrame(few.collectAsList(), few.schema());
  }

  /**
   * At most so many rows of each group and one more, spread evenly over an order, the first and the
   * last among them.
   */
  static Dataset<Row> evenly(Dataset<Row> rows, String group, Column order, int most) {
    WindowSpec groups = Window.partitionBy(group);
    return rows.withColumn("place_in_group", functions.row_number().over(groups.orderBy(order)))
        .withColumn("group_size", count(lit(1)).over(groups))
        .where(
            "place_in_group = 1 OR (place_in_group * %1$d) div group_size > ((place_in_group - 1) * %1$d) div group_size"
                .formatted(most))
        .drop("place_in_group", "group_size");
  }

  static Seq<String> columns(String... names) {
    return CollectionConverters.asScala(List.of(names)).toSeq();
  }
}
