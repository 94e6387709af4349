package io.github.intruders.jobs.store;

import java.sql.Timestamp;
import java.time.Instant;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The {@code runs} table of a catalog: one row per run, written last. A run without a row here did
 * not finish.
 */
final class RunsTable {
  static final String NAME = "runs";
  static final StructType SCHEMA =
      StructType.fromDDL("committed_at TIMESTAMP, snapshots MAP<STRING, BIGINT>, run_id STRING");

  private RunsTable() {}

  /** A row; {@code snapshots} tells for each table the one that the run left. */
  static Row toRow(String runId, Instant committedAt, Map<String, Long> snapshots) {
    return RowFactory.create(
        Timestamp.from(committedAt), CollectionConverters.asScala(snapshots), runId);
  }
}
