package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.github.intruders.checkpoint.Storage;
import java.io.IOException;
import java.util.Collection;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;

/**
 * Writes the tables below {@code OUT} as Parquet, one folder per checkpoint or sequence, so that a
 * run replaces the rows of its own and leaves all others.
 */
public final class TableWriter {
  private static final String CHECKPOINT = "checkpoint_id";
  private static final String SEQUENCE = "sequence";
  private static final String NO_PARTITION = "_none";

  private final Storage storage;
  private final String outUri;
  private final String runId;

  public TableWriter(Storage storage, String outUri, String runId) {
    this.storage = storage;
    this.outUri = outUri;
    this.runId = runId;
  }

  /**
   * Replaces the rows of this run's checkpoints.
   *
   * @param rows with a column {@code checkpoint_id}
   * @param without checkpoints of this run that have no row; what an earlier run wrote for them
   *     goes
   */
  public void replace(String table, Dataset<Row> rows, Collection<String> without)
      throws IOException {
    replace(table, rows, CHECKPOINT, without);
  }

  /**
   * Replaces the rows of this run's sequences.
   *
   * @param rows with a column {@code sequence}
   * @param without sequences of this run that have no row
   */
  public void replaceSequences(String table, Dataset<Row> rows, Collection<String> without)
      throws IOException {
    replace(table, rows, SEQUENCE, without);
  }

  private void replace(
      String table, Dataset<Row> rows, String partition, Collection<String> without)
      throws IOException {
    Dataset<Row> stamped = rows.withColumn("run_id", lit(runId));
    stamped
        .repartition(col(partition))
        .write()
        .mode(SaveMode.Overwrite)
        .option("partitionOverwriteMode", "dynamic")
        .partitionBy(partition)
        .parquet(uri(table));
    for (String value : without) {
      storage.delete(
          storage.resolve(
              uri(table), partition + "=" + ExternalCatalogUtils.escapePathName(value)));
    }
    writeColumnsIfEmpty(table, stamped, partition);
  }

  /**
   * Gives a table without rows its columns, so that every reader can open it: an empty file in a
   * folder of its own, which goes as soon as there are rows.
   */
  private void writeColumnsIfEmpty(String table, Dataset<Row> rows, String partition)
      throws IOException {
    String folder = partition + "=" + NO_PARTITION;
    String columnsOnly = storage.resolve(uri(table), folder);
    boolean hasRows =
        storage.exists(uri(table))
            && storage.list(uri(table)).stream()
                .anyMatch(file -> file.directory() && !file.name().equals(folder));
    if (hasRows) {
      storage.delete(columnsOnly);
    } else if (!storage.exists(columnsOnly)) {
      rows.drop(partition).limit(0).coalesce(1).write().parquet(columnsOnly);
    }
  }

  /** Where a table lies. */
  public String uri(String table) {
    return storage.resolve(outUri, table);
  }
}
