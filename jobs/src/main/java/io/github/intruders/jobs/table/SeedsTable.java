package io.github.intruders.jobs.table;

import io.github.intruders.forgetting.Configuration;
import io.github.intruders.forgetting.SeedSpread;
import io.github.intruders.jobs.figures.SeedLine;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code seeds} table: one row per configuration that was tuned with seeds, and figure: its
 * mean and spread over them.
 */
public final class SeedsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "seeds",
          "base_id",
          "base_id STRING, configuration MAP<STRING, STRING>, step INT, task STRING,"
              + " quantity STRING, name STRING, n INT, mean DOUBLE, sd DOUBLE, low DOUBLE,"
              + " high DOUBLE");

  private SeedsTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(SeedLine line) {
    return RowFactory.create(
        line.baseId(),
        ColumnMaps.toColumn(line.configuration().tags()),
        line.configuration().step(),
        line.configuration().task(),
        line.quantity(),
        line.name(),
        line.spread().n(),
        line.spread().mean(),
        line.spread().sd(),
        line.spread().low(),
        line.spread().high());
  }

  /** The line that a row was made from. */
  public static SeedLine fromRow(Row row) {
    return new SeedLine(
        row.getAs("base_id"),
        new Configuration(
            ColumnMaps.fromColumn(row, "configuration"), row.getAs("step"), row.getAs("task")),
        row.getAs("quantity"),
        row.getAs("name"),
        new SeedSpread(
            row.<Integer>getAs("n"),
            row.<Double>getAs("mean"),
            row.getAs("sd"),
            row.<Double>getAs("low"),
            row.<Double>getAs("high")));
  }
}
