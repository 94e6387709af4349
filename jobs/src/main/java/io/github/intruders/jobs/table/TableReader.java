package io.github.intruders.jobs.table;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
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
          "code");

  private final SparkSession spark;
  private final Storage storage;
  private final String outUri;

  public TableReader(SparkSession spark, Storage storage, String outUri) {
    this.spark = spark;
    this.storage = storage;
    this.outUri = outUri;
  }

  /**
   * One table, ordered as a person looks for things in it.
   *
   * @throws UserInputException if the run's output has no such table; names those it has
   */
  public Dataset<Row> read(String table) throws IOException {
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
    Dataset<Row> rows = open(table);
    List<String> columns = new ArrayList<>(List.of(rows.columns()));
    List<Column> order = KEYS.stream().filter(columns::contains).map(functions::col).toList();
    columns.add(0, columns.remove(columns.size() - 1)); // what the table is partitioned by
    return rows.orderBy(order.toArray(Column[]::new))
        .select(columns.stream().map(functions::col).toArray(Column[]::new));
  }

  /** A table that was found by {@link #read}, as it is stored. */
  private Dataset<Row> open(String table) {
    return spark.read().parquet(storage.resolve(outUri, table));
  }
}
