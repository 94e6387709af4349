package io.github.intruders.jobs.table;

import io.github.intruders.jobs.figures.CorrelationLine;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code forgetting} table: one row per metric, measure, group of checkpoints, coefficient and
 * kind of p-value. A correlation that is not defined has one row, with nulls and the reason.
 */
public final class ForgettingTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "forgetting",
          "base_id",
          "base_id STRING, metric STRING, measure STRING, grouping STRING, method STRING, n INT,"
              + " rho DOUBLE, p_value DOUBLE, p_value_method STRING, ci_low DOUBLE,"
              + " ci_high DOUBLE, ci_resamples INT, incomplete INT, reason STRING");

  private ForgettingTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(CorrelationLine line) {
    return RowFactory.create(
        line.baseId(),
        line.metric(),
        line.measure(),
        line.grouping(),
        line.method(),
        line.n(),
        line.rho(),
        line.pValue(),
        line.pValueMethod(),
        line.ciLow(),
        line.ciHigh(),
        line.ciResamples(),
        line.incomplete(),
        line.reason());
  }

  /** The line that a row was made from. */
  public static CorrelationLine fromRow(Row row) {
    return new CorrelationLine(
        row.getAs("base_id"),
        row.getAs("metric"),
        row.getAs("measure"),
        row.getAs("grouping"),
        row.getAs("method"),
        row.<Integer>getAs("n"),
        row.getAs("rho"),
        row.getAs("p_value"),
        row.getAs("p_value_method"),
        row.getAs("ci_low"),
        row.getAs("ci_high"),
        row.getAs("ci_resamples"),
        row.<Integer>getAs("incomplete"),
        row.getAs("reason"));
  }
}
