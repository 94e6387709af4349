package io.github.intruders.jobs.table;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code rejects} table: one row per input that was left out. */
public final class RejectsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "rejects",
          "checkpoint_id",
          "checkpoint_id STRING, matrix STRING, file STRING, code STRING, message STRING");

  private RejectsTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(Rejection rejection) {
    return RowFactory.create(
        rejection.checkpointId(),
        rejection.matrix(),
        rejection.file(),
        rejection.code().name(),
        rejection.message());
  }

  /** The rejection that a row was made from. */
  public static Rejection fromRow(Row row) {
    return new Rejection(
        row.getAs("checkpoint_id"),
        row.getAs("matrix"),
        row.getAs("file"),
        RejectCode.valueOf(row.getAs("code")),
        row.getAs("message"));
  }
}
