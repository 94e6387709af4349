package io.github.intruders.jobs.store;

import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/**
 * What one run changes in the tables. In a catalog others see it when it is committed, and nothing
 * of it if it is closed before; in folders of Parquet each table changes as it is written. A run
 * replaces the rows of its own and leaves all others; the rows that it writes get its id. Not for
 * use from several threads.
 *
 * <p>The keys of rows are the values of the column that their table goes by. Whoever makes the rows
 * knows them, so that nobody has to look for them again.
 */
public sealed interface TableChanges extends AutoCloseable permits TableWriter, CatalogChanges {

  /** The tables with what this run has changed so far; valid until the commit. */
  Tables seen();

  /**
   * Replaces the rows of some keys.
   *
   * @param rows with the table's columns; those of one key are in one partition
   * @param keys all that the rows have
   * @param without further keys of this run, that have no row; what an earlier run wrote for them
   *     goes
   */
  void replace(
      TableDefinition table, JavaRDD<Row> rows, Collection<String> keys, Collection<String> without)
      throws IOException;

  /**
   * Replaces the rows of those keys that have changed; what is there already may stay, with the id
   * of the run that wrote it.
   *
   * @param contents names by key what the rows are made of
   * @param rows makes the rows of some of these keys; those of one key are in one partition
   * @param without further keys of this run, that have no row
   */
  void replaceChanged(
      TableDefinition table,
      Map<String, String> contents,
      Function<Set<String>, JavaRDD<Row>> rows,
      Collection<String> without)
      throws IOException;

  /**
   * Replaces the rows that fulfil a condition, whichever run wrote them, and keeps all others as
   * they are. For tables with few rows.
   *
   * @param stale tells which rows go
   * @param fresh rows to add
   * @param keys all that the fresh rows have
   */
  void replaceWhere(
      TableDefinition table, Column stale, JavaRDD<Row> fresh, Collection<String> keys)
      throws IOException;

  /** The tables that this run changes, in the order in which it came to them. */
  List<TableDefinition> changed();

  /** Makes the changes visible to all. */
  void commit();

  /** Drops what was not committed. */
  @Override
  void close();
}
