package io.github.intruders.jobs.table;

import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.Identity;
import io.github.intruders.jobs.figures.MeanGeometry;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code checkpoints} table: one row per checkpoint, analysed or not. */
public final class CheckpointsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "checkpoints",
          "checkpoint_id",
          "base_id STRING, checkpoint_id STRING, sequence STRING, step INT, task STRING,"
              + " method STRING, tags MAP<STRING, STRING>, matrices INT,"
              + " intruders MAP<STRING, INT>, intruder_count INT, intruder_energy_share DOUBLE,"
              + " update_effective_rank DOUBLE, update_stable_rank DOUBLE,"
              + " update_mass DOUBLE, update_norm DOUBLE, update_relative_norm DOUBLE,"
              + " left_rotation DOUBLE, right_rotation DOUBLE, left_rotation_mean DOUBLE,"
              + " right_rotation_mean DOUBLE, spectral_shift DOUBLE, unchanged_share DOUBLE,"
              + " matrices_past_edge INT, base_overlap DOUBLE, descends BOOLEAN, fidelity STRING,"
              + " fidelity_matrices INT, fidelity_faults INT, fidelity_residual DOUBLE,"
              + " fidelity_lost_share DOUBLE, fidelity_note STRING,"
              + " ties MAP<STRING, INT>, max_residual DOUBLE, rejected INT");

  private CheckpointsTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(CheckpointResult result) {
    return RowFactory.create(
        result.baseId(),
        result.checkpointId(),
        result.sequence(),
        result.step(),
        result.task(),
        result.method(),
        ColumnMaps.toColumn(result.tags()),
        result.matrices(),
        ColumnMaps.toColumn(result.intruders()),
        result.intruderCount(),
        result.intruderEnergyShare(),
        result.updateEffectiveRank(),
        result.updateStableRank(),
        result.updateMass(),
        result.updateNorm(),
        result.updateRelativeNorm(),
        result.geometry().leftRotation(),
        result.geometry().rightRotation(),
        result.geometry().leftRotationMean(),
        result.geometry().rightRotationMean(),
        result.geometry().spectralShift(),
        result.geometry().unchangedShare(),
        result.matricesPastEdge(),
        result.identity().baseOverlap(),
        result.identity().descends(),
        result.identity().fidelity(),
        result.identity().fidelityMatrices(),
        result.identity().fidelityFaults(),
        result.identity().fidelityResidual(),
        result.identity().fidelityLostShare(),
        result.identity().fidelityNote(),
        ColumnMaps.toColumn(result.ties()),
        result.maxResidual(),
        result.rejected());
  }

  /** The result that a row was made from. */
  public static CheckpointResult fromRow(Row row) {
    return new CheckpointResult(
        row.getAs("base_id"),
        row.getAs("checkpoint_id"),
        row.getAs("sequence"),
        row.getAs("step"),
        row.getAs("task"),
        row.getAs("method"),
        ColumnMaps.fromColumn(row, "tags"),
        row.<Integer>getAs("matrices"),
        ColumnMaps.fromColumn(row, "intruders"),
        row.<Integer>getAs("intruder_count"),
        row.getAs("intruder_energy_share"),
        row.getAs("update_effective_rank"),
        row.getAs("update_stable_rank"),
        row.getAs("update_mass"),
        row.getAs("update_norm"),
        row.getAs("update_relative_norm"),
        row.getAs("matrices_past_edge"),
        ColumnMaps.fromColumn(row, "ties"),
        row.getAs("max_residual"),
        row.<Integer>getAs("rejected"),
        new MeanGeometry(
            row.getAs("left_rotation"),
            row.getAs("right_rotation"),
            row.getAs("left_rotation_mean"),
            row.getAs("right_rotation_mean"),
            row.getAs("spectral_shift"),
            row.getAs("unchanged_share")),
        new Identity(
            row.getAs("base_overlap"),
            row.getAs("descends"),
            row.getAs("fidelity"),
            row.getAs("fidelity_matrices"),
            row.getAs("fidelity_faults"),
            row.getAs("fidelity_residual"),
            row.getAs("fidelity_lost_share"),
            row.getAs("fidelity_note")));
  }
}
