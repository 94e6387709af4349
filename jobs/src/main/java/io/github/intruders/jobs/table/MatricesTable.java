package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The {@code matrices} table: one row per checkpoint and matrix. */
public final class MatricesTable {
  public static final String NAME = "matrices";

  private MatricesTable() {}

  /** From entries of the ledger. */
  public static Dataset<Row> of(Dataset<Row> ledger) {
    return ledger.select(
        col("checkpoint_id"),
        col("matrix"),
        col("layer"),
        col("module"),
        col("rows"),
        col("cols"),
        col("dtype"),
        col("update_rank"),
        col("update_norm"),
        col("update_relative_norm"),
        col("update_spectral_norm"),
        col("update_effective_rank"),
        col("base_norm"),
        col("base_spectral_norm"),
        col("base_rank"),
        col("critical_strength"),
        expr("CASE WHEN update_spectral_norm > 0 THEN critical_strength / update_spectral_norm END")
            .as("critical_margin"),
        col("intruder_count"),
        col("intruders"),
        expr("CASE WHEN energy > 0 THEN intruder_energy / energy ELSE 0D END")
            .as("intruder_energy_share"),
        col("intruder_energy"),
        col("energy"),
        col("ties"),
        col("solver"),
        col("max_residual"),
        col("elapsed_millis"),
        col("key").as("scan_key"));
  }
}
