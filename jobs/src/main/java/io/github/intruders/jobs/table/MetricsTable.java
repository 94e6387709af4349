package io.github.intruders.jobs.table;

import io.github.intruders.forgetting.MeasuredForgetting;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** The {@code metrics} table: one row per checkpoint and metric, beside the base's value. */
public final class MetricsTable {
  public static final String NAME = "metrics";
  public static final StructType SCHEMA =
      StructType.fromDDL(
          "checkpoint_id STRING, metric STRING, value DOUBLE, base_value DOUBLE,"
              + " lower_is_better BOOLEAN, forgetting DOUBLE, file STRING");

  private MetricsTable() {}

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
}
