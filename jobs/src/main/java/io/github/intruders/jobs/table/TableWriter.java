package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.commit.TableCommit;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;
import org.apache.spark.sql.functions;

/**
 * Writes the tables below {@code OUT} as Parquet, one folder per checkpoint or sequence, so that a
 * run replaces the rows of its own and leaves all others.
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
    deletePartitions(table, partition, without);
    writeColumnsIfEmpty(table, stamped(rows), partition);
  }

  @Override
  public void replaceOfBase(String table, Dataset<Row> rows, String baseId) throws IOException {
    Dataset<Row> stamped = stamped(rows);
    if (stamped.isEmpty()) {
      deletePartitions(table, BASE, List.of(baseId));
    } else {
      write(table, stamped, BASE);
    }
    writeColumnsIfEmpty(table, stamped, BASE);
  }

  @Override
  public void replaceWhere(SparkSession spark, String table, Column stale, Dataset<Row> fresh)
      throws IOException {
    if (!storage.exists(uri(table))) {
      replace(table, fresh, List.of());
      return;
    }
    Dataset<Row> old = spark.read().parquet(uri(table)).localCheckpoint();
    Dataset<Row> touched =
        old.filter(stale)
            .select(CHECKPOINT)
            .unionByName(fresh.select(CHECKPOINT))
            .distinct()
            .localCheckpoint();
    Dataset<Row> rows =
        old.filter(functions.not(stale))
            .join(touched, old.col(CHECKPOINT).equalTo(touched.col(CHECKPOINT)), "left_semi")
            .unionByName(stamped(fresh))
            .localCheckpoint();
    write(table, rows, CHECKPOINT);
    deletePartitions(
        table,
        CHECKPOINT,
        touched
            .except(rows.select(CHECKPOINT))
            .as(Encoders.STRING())
            .collectAsList()); // at most one per checkpoint
    writeColumnsIfEmpty(table, rows, CHECKPOINT);
  }

  private Dataset<Row> stamped(Dataset<Row> rows) {
    return rows.withColumn("run_id", lit(runId));
  }

  /** One file in each folder, of one task. */
  private void write(String table, Dataset<Row> rows, String partition) throws IOException {
    TableCommit.run(
        rows.sparkSession(),
        uri(table),
        () ->
            rows.repartition(col(partition))
                .write()
                .mode(SaveMode.Overwrite)
                .option("partitionOverwriteMode", "dynamic")
                .partitionBy(partition)
                .parquet(uri(table)));
  }

  private void deletePartitions(String table, String partition, Collection<String> values)
      throws IOException {
    for (String value : values) {
      storage.delete(
          storage.resolve(
              uri(table), partition + "=" + ExternalCatalogUtils.escapePathName(value)));
    }
  }

  /**
   * Gives a table without rows its columns, so that every reader can open it: an empty file in a
   * folder of its own, which goes as soon as there are rows.
   */
  private void writeColumnsIfEmpty(String table, Dataset<Row> rows, String partition)
      throws IOException {
    String folder = partition + "=" + NO_VALUE;
    String columnsOnly = storage.resolve(uri(table), folder);
    boolean hasRows =
        storage.exists(uri(table))
            && storage.list(uri(table)).stream()
                .anyMatch(
                    file -> file.name().startsWith(partition + "=") && !file.name().equals(folder));
    if (hasRows) {
      storage.delete(columnsOnly);
    } else if (!storage.exists(columnsOnly)) {
      TableCommit.run(
          rows.sparkSession(),
          columnsOnly,
          () -> rows.drop(partition).limit(0).coalesce(1).write().parquet(columnsOnly));
    }
  }

  /** Where a table lies. */
  private String uri(String table) {
    return storage.resolve(outUri, table);
  }
}
