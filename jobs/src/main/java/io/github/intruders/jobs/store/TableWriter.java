package io.github.intruders.jobs.store;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/**
 * Writes the tables below {@code OUT} as Parquet, one folder per checkpoint or sequence, so that a
 * run replaces the rows of its own and leaves all others. Each folder has its old rows or its new
 * ones at any moment, and a table that can be opened stays so; a run that is killed is mended by
 * running it again.
 */
public final class TableWriter implements TableChanges {
  private final SparkSession session;
  private final ParquetTables tables;
  private final Storage storage;
  private final String outUri;
  private final String runId;
  private final Set<TableDefinition> changed = new LinkedHashSet<>();

  /**
   * @param session commits what it writes by a {@link TableCommit protocol} of ours
   */
  TableWriter(
      SparkSession session, ParquetTables tables, Storage storage, String outUri, String runId) {
    this.session = session;
    this.tables = tables;
    this.storage = storage;
    this.outUri = outUri;
    this.runId = runId;
  }

  @Override
  public Tables seen() {
    return tables;
  }

  @Override
  public List<TableDefinition> changed() {
    return List.copyOf(changed);
  }

  @Override
  public void commit() {
    // Each table was changed as it was written.
  }

  @Override
  public void close() {
    // Nothing is held.
  }

  @Override
  public void replace(
      TableDefinition table, JavaRDD<Row> rows, Collection<String> keys, Collection<String> without)
      throws IOException {
    changed.add(table);
    if (!keys.isEmpty()) {
      write(table, stamped(table, rows));
    }
    drop(table, without);
  }

  @Override
  public void replaceChanged(
      TableDefinition table,
      Map<String, String> contents,
      Function<Set<String>, JavaRDD<Row>> rows,
      Collection<String> without)
      throws IOException {
    changed.add(table);
    Published published = new Published(storage, outUri, table);
    Map<String, String> changed = published.changed(contents);
    if (!changed.isEmpty()) {
      String receipt =
          storage.resolve(LeftOvers.staging(storage, outUri), runId + "-" + table.name());
      write(table, stamped(table, rows.apply(changed.keySet())), receipt);
      published.add(changed, Published.takeReceipt(storage, receipt));
    }
    drop(table, without);
  }

  @Override
  public void replaceWhere(
      TableDefinition table, Column stale, JavaRDD<Row> fresh, Collection<String> keys)
      throws IOException {
    changed.add(table);
    if (!storage.exists(uri(table))) {
      replace(table, fresh, keys, List.of());
      return;
    }
    // Read while it is written: the old files stay until the new ones are complete.
    Dataset<Row> old = session.read().schema(table.stored()).parquet(uri(table));
    Set<String> touched = new TreeSet<>(keys);
    Set<String> kept = new TreeSet<>(keys);
    Column key = col(table.partition());
    for (Row row : old.select(key, stale).distinct().collectAsList()) { // few per key
      (row.getBoolean(1) ? touched : kept).add(row.getString(0));
    }
    if (touched.isEmpty()) {
      drop(table, List.of());
      return;
    }
    Dataset<Row> rows =
        old.filter(not(stale))
            .filter(key.isin(touched.toArray()))
            .unionByName(stamped(table, fresh));
    Set<String> without = new TreeSet<>(touched);
    without.removeAll(kept);
    if (without.size() < touched.size()) {
      write(table, rows.repartition(key));
    }
    drop(table, without);
  }

  private Dataset<Row> stamped(TableDefinition table, JavaRDD<Row> rows) {
    return session
        .createDataFrame(rows, table.columns())
        .withColumn(TableDefinition.RUN, lit(runId));
  }

  private void write(TableDefinition table, Dataset<Row> rows) {
    write(table, rows, "");
  }

  /** One file in each folder, of one task. */
  private void write(TableDefinition table, Dataset<Row> rows, String receipt) {
    rows.write()
        .mode(SaveMode.Overwrite)
        .option("partitionOverwriteMode", "dynamic")
        .option(TableCommit.STAGING, LeftOvers.staging(storage, outUri))
        .option(TableCommit.RECEIPT, receipt)
        .partitionBy(table.partition())
        .parquet(uri(table));
  }

  /**
   * Drops what has no row any more. A table without rows keeps its columns, so that every reader
   * can open it: an empty file in a folder of its own, which goes when there are rows.
   */
  private void drop(TableDefinition table, Collection<String> values) throws IOException {
    String columnsOnly = table.partition() + "=" + ParquetTables.NO_VALUE;
    Set<String> dropped = new TreeSet<>();
    values.forEach(value -> dropped.add(ParquetTables.folderName(table, value)));
    List<StoredFile> folders = storage.exists(uri(table)) ? storage.list(uri(table)) : List.of();
    boolean hasRows = hasRows(folders, table, dropped, columnsOnly);
    String columnsUri = storage.resolve(uri(table), columnsOnly);
    if (!hasRows && !hasFiles(columnsUri)) {
      session
          .createDataFrame(List.of(), table.stored())
          .drop(table.partition())
          .coalesce(1)
          .write()
          .mode(SaveMode.Append)
          .option(TableCommit.STAGING, LeftOvers.staging(storage, outUri))
          .parquet(columnsUri);
    }
    for (StoredFile folder : folders) {
      if (dropped.contains(folder.name())) {
        storage.delete(folder.uri());
      }
    }
    if (hasRows) {
      storage.delete(columnsUri);
    }
  }

  private boolean hasRows(
      List<StoredFile> folders, TableDefinition table, Set<String> dropped, String columnsOnly)
      throws IOException {
    for (StoredFile folder : folders) {
      if (folder.name().startsWith(table.partition() + "=")
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
  private String uri(TableDefinition table) {
    return storage.resolve(outUri, table.name());
  }
}
