package io.github.intruders.jobs.table;

import io.github.intruders.plan.AdapterCoverage;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code adapter_coverage} table: one row per checkpoint and adapter it is made of. */
public final class AdapterCoverageTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "adapter_coverage",
          "checkpoint_id",
          "checkpoint_id STRING, role STRING, position INT, adapter STRING, kind STRING,"
              + " target_modules STRING, modules INT, modules_found INT, first_missing STRING,"
              + " targets_without_update INT, modules_without_update INT,"
              + " scales MAP<STRING, INT>, least_scale DOUBLE, largest_scale DOUBLE");

  private AdapterCoverageTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(String checkpointId, AdapterCoverage coverage) {
    return RowFactory.create(
        checkpointId,
        coverage.role().text(),
        coverage.position(),
        coverage.uri(),
        coverage.kind(),
        coverage.targets(),
        coverage.modules(),
        coverage.found(),
        coverage.firstMissing(),
        coverage.targetsWithoutUpdate(),
        coverage.modulesWithoutUpdate(),
        ColumnMaps.toColumn(coverage.scales()),
        coverage.leastScale(),
        coverage.largestScale());
  }
}
