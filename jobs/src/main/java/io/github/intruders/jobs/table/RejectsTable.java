package io.github.intruders.jobs.table;

import io.github.intruders.input.Rejection;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** The {@code rejects} table: one row per input that was left out. */
public final class RejectsTable {
  public static final String NAME = "rejects";
  public static final StructType SCHEMA =
      StructType.fromDDL(
          "checkpoint_id STRING, matrix STRING, file STRING, code STRING, message STRING");

  private RejectsTable() {}

  public static Row toRow(Rejection rejection) {
    return RowFactory.create(
        rejection.checkpointId(),
        rejection.matrix(),
        rejection.file(),
        rejection.code().name(),
        rejection.message());
  }
}
