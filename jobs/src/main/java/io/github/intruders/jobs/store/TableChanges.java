package io.github.intruders.jobs.store;

import java.io.IOException;
import java.util.Collection;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What one run changes in the tables. In a catalog others see it when it is committed, and nothing
 * of it if it is closed before; in folders of Parquet each table changes as it is written. A run
 * replaces the rows of its own and leaves all others; every row gets the run's id. Not for use from
 * several threads.
 */
public sealed interface TableChanges extends AutoCloseable permits TableWriter, CatalogChanges {

  /** The tables with what this run has changed so far; valid until the commit. */
  Tables seen();

  /**
   * Replaces the rows of this run's checkpoints.
   *
   * @param rows with a column {@code checkpoint_id}
   * @param without checkpoints of this run that have no row; what an earlier run wrote for them
   *     goes
   */
  void replace(String table, Dataset<Row> rows, Collection<String> without) throws IOException;

  /**
   * Replaces the rows of this run's sequences.
   *
   * @param rows with a column {@code sequence}
   * @param without sequences of this run that have no row
   */
  void replaceSequences(String table, Dataset<Row> rows, Collection<String> without)
      throws IOException;

  /**
   * Replaces all rows of one base, in a table that is not of checkpoints; the old rows stay until
   * the new ones are complete.
   *
   * @param rows with a column {@code base_id} that holds this base's id
   */
  void replaceOfBase(String table, Dataset<Row> rows, String baseId) throws IOException;

  /**
   * Replaces the rows that fulfil a condition, whichever run wrote them, and keeps all others as
   * they are. For tables with few rows.
   *
   * @param stale tells which rows go
   * @param fresh rows to add, with a column {@code checkpoint_id}
   */
  void replaceWhere(SparkSession spark, String table, Column stale, Dataset<Row> fresh)
      throws IOException;

  /** Makes the changes visible to all. */
  void commit();

  /** Drops what was not committed. */
  @Override
  void close();
}
