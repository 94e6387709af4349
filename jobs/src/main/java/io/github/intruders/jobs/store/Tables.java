package io.github.intruders.jobs.store;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The tables of runs, wherever they are kept. */
public sealed interface Tables permits ParquetTables, CatalogTables {

  /**
   * The tables in a place.
   *
   * @throws UserInputException if it is a catalog that Spark's settings don't name, or that needs
   *     what is not on the class path
   */
  static Tables in(TablePlace place, SparkSession spark, Storage storage) {
    if (place instanceof TablePlace.Catalog catalog) {
      CatalogSettings.require(spark, catalog.name());
      return CatalogTables.open(spark, catalog);
    }
    return new ParquetTables(spark, storage, ((TablePlace.Folder) place).outUri());
  }

  /** Whether there is such a table. */
  boolean has(String table) throws IOException;

  /**
   * One table as it is stored; what it is partitioned by is the last column.
   *
   * @throws UserInputException if there is no such table; names those there are
   */
  Dataset<Row> stored(String table) throws IOException;

  /** The URI of a table that there is. */
  String location(String table);

  /** The values that the rows of a table go by; none if there is no such table. */
  Set<String> keys(TableDefinition table) throws IOException;

  /**
   * The tables as they were.
   *
   * @param version a run's id, or a time
   * @throws UserInputException if no history is kept here
   */
  Tables asOf(String version);

  /** Begins what a run changes. */
  TableChanges change(String runId);
}
