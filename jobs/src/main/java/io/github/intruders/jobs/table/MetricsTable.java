package io.github.intruders.jobs.table;

import io.github.intruders.forgetting.MeasuredForgetting;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code metrics} table: one row per checkpoint and metric, beside the base's value. */
public final class MetricsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "metrics",
          "checkpoint_id",
          "checkpoint_id STRING, metric STRING, value DOUBLE, base_value DOUBLE,"
              + " lower_is_better BOOLEAN, forgetting DOUBLE, file STRING");

  private MetricsTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(MeasuredForgetting measured) {
    return RowFactory.create(
        measured.checkpointId(),
        measured.metric(),
        measured.value(),
        measured.baseValue(),
        measured.lowerIsBetter(),
        measured.forgetting(),
        measured.file());
  }

  /** What a row was made from. */
  public static MeasuredForgetting fromRow(Row row) {
    return new MeasuredForgetting(
        row.getAs("checkpoint_id"),
        row.getAs("metric"),
        row.<Double>getAs("value"),
        row.<Double>getAs("base_value"),
        row.<Boolean>getAs("lower_is_better"),
        row.<Double>getAs("forgetting"),
        row.getAs("file"));
  }
}
