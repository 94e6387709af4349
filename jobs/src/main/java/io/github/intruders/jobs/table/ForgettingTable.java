package io.github.intruders.jobs.table;

import io.github.intruders.forgetting.Bootstrap;
import io.github.intruders.forgetting.Correlation;
import io.github.intruders.forgetting.PValue;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/**
 * The {@code forgetting} table: one row per metric, measure, group of checkpoints, coefficient and
 * kind of p-value. A correlation that is not defined has one row, with nulls and the reason.
 */
public final class ForgettingTable {
  public static final String NAME = "forgetting";
  public static final StructType SCHEMA =
      StructType.fromDDL(
          "base_id STRING, metric STRING, measure STRING, grouping STRING, method STRING, n INT,"
              + " rho DOUBLE, p_value DOUBLE, p_value_method STRING, ci_low DOUBLE,"
              + " ci_high DOUBLE, ci_resamples INT, incomplete INT, reason STRING");

  private ForgettingTable() {}

  /**
   * What is correlated.
   *
   * @param metric that tells of forgetting
   * @param measure a column of the checkpoints table
   * @param grouping which checkpoints: {@code all}, {@code sequence=…}, {@code method=…}, {@code
   *     last-step}
   */
  public record Line(String metric, String measure, String grouping) implements Serializable {}

  /**
   * One row per p-value.
   *
   * @param incomplete how many of the checkpoints had matrices left out
   */
  public static List<Row> toRows(
      String baseId, Line line, Correlation correlation, int incomplete) {
    return correlation.pValues().isEmpty()
        ? List.of(toRow(baseId, line, correlation, null, incomplete))
        : correlation.pValues().stream()
            .map(p -> toRow(baseId, line, correlation, p, incomplete))
            .toList();
  }

  private static Row toRow(
      String baseId, Line line, Correlation correlation, PValue p, int incomplete) {
    Bootstrap.Interval interval = correlation.interval();
    return RowFactory.create(
        baseId,
        line.metric(),
        line.measure(),
        line.grouping(),
        correlation.method().text(),
        correlation.n(),
        correlation.rho(),
        p == null ? null : p.value(),
        p == null ? null : p.method(),
        interval == null ? null : interval.low(),
        interval == null ? null : interval.high(),
        interval == null ? null : interval.resamples(),
        incomplete,
        correlation.reason());
  }
}
