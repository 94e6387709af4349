package io.github.intruders.jobs.table;

import io.github.intruders.forgetting.Bootstrap;
import io.github.intruders.forgetting.Rung;
import io.github.intruders.forgetting.Scale;
import io.github.intruders.jobs.figures.LadderLine;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code forgetting_ladder} table: one row per metric, group of checkpoints and regression, on
 * the ladder, of a measure by itself, or of one given another. One without figures has nulls and a
 * note.
 */
public final class LadderTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "forgetting_ladder",
          "base_id",
          "base_id STRING, metric STRING, grouping STRING, scale STRING, rung INT,"
              + " measures ARRAY<STRING>, n INT, clusters INT, predictors INT, r2 DOUBLE,"
              + " r2_gain DOUBLE, gain_low DOUBLE, gain_high DOUBLE, gain_resamples INT,"
              + " gain_plain_low DOUBLE, gain_plain_high DOUBLE, gain_plain_resamples INT,"
              + " partial_rho DOUBLE, partial_low DOUBLE, partial_high DOUBLE,"
              + " partial_resamples INT, partial_plain_low DOUBLE, partial_plain_high DOUBLE,"
              + " partial_plain_resamples INT, p_value DOUBLE, p_value_holm DOUBLE, note STRING");

  private LadderTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(LadderLine line) {
    Rung rung = line.rung();
    return RowFactory.create(
        line.baseId(),
        line.metric(),
        line.grouping(),
        rung.scale().text(),
        rung.rung(),
        ColumnLists.toColumn(rung.measures()),
        rung.n(),
        rung.clusters(),
        rung.predictors(),
        rung.r2(),
        rung.gain(),
        low(rung.gainInterval()),
        high(rung.gainInterval()),
        resamples(rung.gainInterval()),
        low(rung.gainPlain()),
        high(rung.gainPlain()),
        resamples(rung.gainPlain()),
        rung.partial(),
        low(rung.partialInterval()),
        high(rung.partialInterval()),
        resamples(rung.partialInterval()),
        low(rung.partialPlain()),
        high(rung.partialPlain()),
        resamples(rung.partialPlain()),
        rung.pValue(),
        rung.pValueHolm(),
        rung.note());
  }

  /** The line that a row was made from. */
  public static LadderLine fromRow(Row row) {
    return new LadderLine(
        row.getAs("base_id"),
        row.getAs("metric"),
        row.getAs("grouping"),
        new Rung(
            Scale.of(row.getAs("scale")),
            row.getAs("rung"),
            row.getList(row.fieldIndex("measures")),
            row.<Integer>getAs("n"),
            row.<Integer>getAs("clusters"),
            row.<Integer>getAs("predictors"),
            row.getAs("r2"),
            row.getAs("r2_gain"),
            interval(row, "gain"),
            interval(row, "gain_plain"),
            row.getAs("partial_rho"),
            interval(row, "partial"),
            interval(row, "partial_plain"),
            row.getAs("p_value"),
            row.getAs("p_value_holm"),
            row.getAs("note")));
  }

  private static Double low(Bootstrap.Interval interval) {
    return interval == null ? null : (Double) interval.low();
  }

  private static Double high(Bootstrap.Interval interval) {
    return interval == null ? null : (Double) interval.high();
  }

  private static Integer resamples(Bootstrap.Interval interval) {
    return interval == null ? null : (Integer) interval.resamples();
  }

  private static Bootstrap.Interval interval(Row row, String of) {
    return row.getAs(of + "_low") == null
        ? null
        : new Bootstrap.Interval(
            row.<Double>getAs(of + "_low"),
            row.<Double>getAs(of + "_high"),
            row.<Integer>getAs(of + "_resamples"));
  }
}
