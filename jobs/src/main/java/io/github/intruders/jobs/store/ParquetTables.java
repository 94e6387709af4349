package io.github.intruders.jobs.store;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.table.KnownTables;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;

/** Tables as Parquet, one folder each below {@code OUT}. */
public final class ParquetTables implements Tables {
  /** Stands for a key in the folder of a table that has no rows. */
  static final String NO_VALUE = "_none";

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
  public String location(String table) {
    return storage.resolve(outUri, table);
  }

  @Override
  public Dataset<Row> stored(String table) throws IOException {
    String folder = folder(storage, outUri, table);
    DataFrameReader reader = spark.read();
    KnownTables.named(table).ifPresent(known -> reader.schema(known.stored()));
    return reader.parquet(folder);
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

  /** The name of the folder that holds a key's rows. */
  static String folderName(TableDefinition table, String key) {
    return table.partition() + "=" + ExternalCatalogUtils.escapePathName(key);
  }

  @Override
  public Set<String> keys(TableDefinition table) throws IOException {
    Set<String> keys = new TreeSet<>();
    String prefix = table.partition() + "=";
    if (has(table.name())) {
      for (StoredFile folder : storage.list(storage.resolve(outUri, table.name()))) {
        if (folder.name().startsWith(prefix) && !folder.name().equals(prefix + NO_VALUE)) {
          keys.add(ExternalCatalogUtils.unescapePathName(folder.name().substring(prefix.length())));
        }
      }
    }
    return keys;
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
    return new TableWriter(session(), this, storage, outUri, runId);
  }

  private SparkSession session() {
    try {
      return TableCommit.session(spark, outUri);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
