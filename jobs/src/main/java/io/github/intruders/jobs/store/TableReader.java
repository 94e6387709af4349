package io.github.intruders.jobs.store;

import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.Ranking;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.ColumnMaps;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Reads tables that a run has written. */
public final class TableReader {
  /** What names a row, in whichever tables have it. */
  public static final List<String> KEYS =
      List.of(
          "committed_at",
          "sequence",
          "step",
          "checkpoint_id",
          "checkpoint_a",
          "checkpoint_b",
          "matrix",
          "track",
          "place",
          "side",
          "singular_index",
          "tuned_index",
          "base_index",
          "code",
          "metric",
          "measure",
          "grouping",
          "p_value_method",
          "scale",
          "rung",
          "measures",
          "quantity",
          "name");

  private final Tables tables;

  public TableReader(Tables tables) {
    this.tables = tables;
  }

  /**
   * One table, ordered as a person looks for things in it; checkpoints from the least to the most
   * forgetting expected.
   *
   * @throws UserInputException if there is no such table; names those there are
   */
  public Dataset<Row> read(String table) throws IOException {
    Dataset<Row> rows = tables.stored(table);
    List<String> columns = new ArrayList<>(List.of(rows.columns()));
    List<Column> order = KEYS.stream().filter(columns::contains).map(functions::col).toList();
    columns.add(0, columns.remove(columns.size() - 1)); // what its rows go by
    if (table.equals(CheckpointsTable.TABLE.name())) {
      return ranked(rows);
    }
    return rows.orderBy(order.toArray(Column[]::new))
        .select(columns.stream().map(functions::col).toArray(Column[]::new));
  }

  /** One row per checkpoint, with its place among those of its base. */
  private static Dataset<Row> ranked(Dataset<Row> checkpoints) {
    List<Row> rows = checkpoints.collectAsList();
    List<CheckpointResult> results = rows.stream().map(CheckpointsTable::fromRow).toList();
    Map<String, Ranking.Place> places = Ranking.of(results);
    List<Row> ranked =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparing(results::get, Ranking.order(places)))
            .map(i -> ranked(rows.get(i), places.get(results.get(i).checkpointId())))
            .toList();
    StructType stored = checkpoints.schema();
    int last = stored.length() - 1; // what its rows go by
    StructType columns =
        new StructType()
            .add(stored.apply(last))
            .add("place", DataTypes.IntegerType)
            .add("mean_rank", DataTypes.DoubleType);
    for (int i = 0; i < last; i++) {
      columns = columns.add(stored.apply(i));
    }
    return checkpoints.sparkSession().createDataFrame(ranked, columns);
  }

  private static Row ranked(Row row, Ranking.Place place) {
    List<Object> values = new ArrayList<>();
    values.add(row.get(row.length() - 1));
    values.add(place == null ? null : (Integer) place.place());
    values.add(place == null ? null : (Double) place.meanRank());
    for (int i = 0; i < row.length() - 1; i++) {
      values.add(ColumnMaps.inOrder(row.get(i)));
    }
    return RowFactory.create(values.toArray());
  }
}
