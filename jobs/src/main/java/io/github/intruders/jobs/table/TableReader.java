package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** Reads tables that a run has written. */
public final class TableReader {
  /** What names a row, in whichever tables have it. */
  public static final List<String> KEYS =
      List.of(
          "committed_at",
          "sequence",
          "step",
          "checkpoint_id",
          "matrix",
          "track",
          "side",
          "singular_index",
          "tuned_index",
          "base_index",
          "code",
          "metric",
          "measure",
          "grouping",
          "p_value_method");

  private final Tables tables;

  public TableReader(Tables tables) {
    this.tables = tables;
  }

  /** See {@link Tables#stored}. */
  public Dataset<Row> stored(String table) throws IOException {
    return tables.stored(table);
  }

  /** Whether there is such a table. */
  public boolean has(String table) throws IOException {
    return tables.has(table);
  }

  /**
   * One table, ordered as a person looks for things in it; checkpoints from the least to the most
   * forgetting expected.
   *
   * @throws UserInputException if there is no such table; names those there are
   */
  public Dataset<Row> read(String table) throws IOException {
    Dataset<Row> rows = stored(table);
    List<String> columns = new ArrayList<>(List.of(rows.columns()));
    List<Column> order = KEYS.stream().filter(columns::contains).map(functions::col).toList();
    columns.add(0, columns.remove(columns.size() - 1)); // what its rows go by
    if (table.equals(CheckpointsTable.NAME)) {
      Dataset<Row> ranked = CheckpointsTable.ranked(rows);
      return ranked
          .orderBy(col("base_id"), col("place").asc_nulls_last(), col("checkpoint_id"))
          .select(
              Stream.concat(
                      Stream.of("checkpoint_id", "place", "mean_rank"), columns.stream().skip(1))
                  .map(functions::col)
                  .toArray(Column[]::new));
    }
    return rows.orderBy(order.toArray(Column[]::new))
        .select(columns.stream().map(functions::col).toArray(Column[]::new));
  }
}
