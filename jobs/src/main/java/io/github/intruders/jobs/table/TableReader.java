package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/** Reads tables that a run has written. */
public final class TableReader {
  /** What names a row, in whichever tables have it. */
  private static final List<String> KEYS =
      List.of(
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

  private final SparkSession spark;
  private final Storage storage;
  private final String outUri;

  public TableReader(SparkSession spark, Storage storage, String outUri) {
    this.spark = spark;
    this.storage = storage;
    this.outUri = outUri;
  }

  /**
   * One table as it is stored.
   *
   * @throws UserInputException if the run's output has no such table; names those it has
   */
  public Dataset<Row> stored(String table) throws IOException {
    if (!storage.isDirectory(outUri)) {
      throw UserInputException.inFile(
          RejectCode.NOT_FOUND, outUri, "There is no output of a run here");
    }
    List<String> tables =
        storage.list(outUri).stream()
            .filter(StoredFile::directory)
            .map(StoredFile::name)
            .filter(name -> !name.startsWith("_") && !name.contains("-"))
            .sorted()
            .toList();
    if (!tables.contains(table)) {
      throw UserInputException.inFile(
          RejectCode.NOT_FOUND,
          outUri,
          "There is no table '%s'; expected one of %s".formatted(table, tables));
    }
    return spark.read().parquet(storage.resolve(outUri, table));
  }

  /** Whether the output has a table. */
  public boolean has(String table) throws IOException {
    return storage.isDirectory(storage.resolve(outUri, table));
  }

  /**
   * One table, ordered as a person looks for things in it; checkpoints from the least to the most
   * forgetting expected.
   *
   * @throws UserInputException if the run's output has no such table; names those it has
   */
  public Dataset<Row> read(String table) throws IOException {
    Dataset<Row> rows = stored(table);
    List<String> columns = new ArrayList<>(List.of(rows.columns()));
    List<Column> order = KEYS.stream().filter(columns::contains).map(functions::col).toList();
    columns.add(0, columns.remove(columns.size() - 1)); // what the table is partitioned by
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
