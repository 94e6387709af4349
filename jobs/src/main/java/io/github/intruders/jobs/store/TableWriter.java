package io.github.intruders.jobs.store;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.commit.TableCommit;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;
import org.apache.spark.sql.functions;

/**
 * Writes the tables below {@code OUT} as Parquet, one folder per checkpoint or sequence, so that a
 * run replaces the rows of its own and leaves all others. Each folder has its old rows or its new
 * ones at any moment, and a table that can be opened stays so; a run that is killed is mended by
 * running it again.
 */
public final class TableWriter implements TableChanges {
  private static final String CHECKPOINT = "checkpoint_id";
  private static final String SEQUENCE = "sequence";
  private static final String BASE = "base_id";
  private static final String NO_VALUE = "_none";

  private final ParquetTables tables;
  private final Storage storage;
  private final String outUri;
  private final String runId;

  TableWriter(ParquetTables tables, Storage storage, String outUri, String runId) {
    this.tables = tables;
    this.storage = storage;
    this.outUri = outUri;
    this.runId = runId;
  }

  @Override
  public void replace(String table, Dataset<Row> rows, Collection<String> without)
      throws IOException {
    replace(table, rows, CHECKPOINT, without);
  }

  @Override
  public void replaceSequences(String table, Dataset<Row> rows, Collection<String> without)
      throws IOException {
    replace(table, rows, SEQUENCE, without);
  }

  @Override
  public Tables seen() {
    return tables;
  }

  @Override
  public void commit() {
    // Each table was changed as it was written.
  }

  @Override
  public void close() {
    // Nothing is held.
  }

  private void replace(
      String table, Dataset<Row> rows, String partition, Collection<String> without)
      throws IOException {
    write(table, stamped(rows), partition);
    drop(table, stamped(rows), partition, without);
  }

  @Override
  public void replaceOfBase(String table, Dataset<Row> rows, String baseId) throws IOException {
    Dataset<Row> stamped = stamped(rows);
    boolean empty = stamped.isEmpty();
    if (!empty) {
      write(table, stamped, BASE);
    }
    drop(table, stamped, BASE, empty ? List.of(baseId) : List.of());
  }

  @Override
  public void replaceWhere(SparkSession spark, String table, Column stale, Dataset<Row> fresh)
      throws IOException {
    if (!storage.exists(uri(table))) {
      replace(table, fresh, List.of());
      return;
    }
    Dataset<Row> stamped = stamped(fresh);
    // Read while it is written: the old files stay until the new ones are complete.
    Dataset<Row> old = spark.read().schema(stamped.schema()).parquet(uri(table));
    List<String> touched = checkpoints(old.filter(stale).unionByName(stamped));
    Dataset<Row> rows =
        old.filter(functions.not(stale))
            .filter(col(CHECKPOINT).isin(touched.toArray()))
            .unionByName(stamped);
    List<String> without = new ArrayList<>(touched);
    without.removeAll(checkpoints(rows));
    write(table, rows, CHECKPOINT);
    drop(table, stamped, CHECKPOINT, without);
  }

  /** At most one per checkpoint. */
  private static List<String> checkpoints(Dataset<Row> rows) {
    return rows.select(CHECKPOINT).distinct().as(Encoders.STRING()).collectAsList();
  }

  private Dataset<Row> stamped(Dataset<Row> rows) {
    return rows.withColumn("run_id", lit(runId));
  }

  /** One file in each folder, of one task. */
  private void write(String table, Dataset<Row> rows, String partition) throws IOException {
    write(
        rows.sparkSession(),
        rows.repartition(col(partition))
            .write()
            .mode(SaveMode.Overwrite)
            .option("partitionOverwriteMode", "dynamic")
            .partitionBy(partition),
        uri(table));
  }

  private void write(SparkSession spark, DataFrameWriter<Row> writer, String folder)
      throws IOException {
    TableCommit.write(spark, writer, folder, LeftOvers.staging(storage, outUri));
  }

  /**
   * Drops what has no row any more. A table without rows keeps its columns, so that every reader
   * can open it: an empty file in a folder of its own, which goes when there are rows.
   */
  private void drop(String table, Dataset<Row> rows, String partition, Collection<String> values)
      throws IOException {
    String columnsOnly = partition + "=" + NO_VALUE;
    Set<String> dropped = new TreeSet<>();
    values.forEach(
        value -> dropped.add(partition + "=" + ExternalCatalogUtils.escapePathName(value)));
    boolean hasRows = hasRows(table, partition, dropped, columnsOnly);
    String columnsUri = storage.resolve(uri(table), columnsOnly);
    if (!hasRows && !hasFiles(columnsUri)) {
      write(
          rows.sparkSession(),
          rows.drop(partition).limit(0).coalesce(1).write().mode(SaveMode.Append),
          columnsUri);
    }
    for (String folder : dropped) {
      storage.delete(storage.resolve(uri(table), folder));
    }
    if (hasRows) {
      storage.delete(columnsUri);
    }
  }

  private boolean hasRows(String table, String partition, Set<String> dropped, String columnsOnly)
      throws IOException {
    if (!storage.exists(uri(table))) {
      return false;
    }
    for (StoredFile folder : storage.list(uri(table))) {
      if (folder.name().startsWith(partition + "=")
          && !folder.name().equals(columnsOnly)
          && !dropped.contains(folder.name())
          && hasFiles(folder.uri())) {
        return true;
      }
    }
    return false;
  }

  /** A run that was killed may leave a folder without its file. */
  private boolean hasFiles(String folder) throws IOException {
    return storage.isDirectory(folder) && !storage.list(folder).isEmpty();
  }

  /** Where a table lies. */
  private String uri(String table) {
    return storage.resolve(outUri, table);
  }
}
