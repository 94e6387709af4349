package io.github.intruders.jobs.table;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Tables as Parquet, one folder each below {@code OUT}. */
public final class ParquetTables implements Tables {
  private final SparkSession spark;
  private final Storage storage;
  private final String outUri;

  ParquetTables(SparkSession spark, Storage storage, String outUri) {
    this.spark = spark;
    this.storage = storage;
    this.outUri = outUri;
  }

  @Override
  public boolean has(String table) throws IOException {
    return storage.isDirectory(storage.resolve(outUri, table));
  }

  @Override
  public Dataset<Row> stored(String table) throws IOException {
    return spark.read().parquet(folder(storage, outUri, table));
  }

  /**
   * Where a table lies.
   *
   * @throws UserInputException if there is no such table; names those there are
   */
  public static String folder(Storage storage, String outUri, String table) throws IOException {
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
    return storage.resolve(outUri, table);
  }

  @Override
  public Tables asOf(String version) {
    throw UserInputException.inFile(
        RejectCode.SETTING_INVALID,
        outUri,
        "Cannot show the tables as of %s: Parquet keeps no earlier runs; a catalog does, see --catalog"
            .formatted(version));
  }

  @Override
  public TableChanges change(String runId) {
    return new TableWriter(this, storage, outUri, runId);
  }
}
