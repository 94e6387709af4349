package io.github.intruders.jobs.table;

import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.scan.CriticalStrength;
import io.github.intruders.scan.Geometry;
import io.github.intruders.scan.VectorScan;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code matrices} table: one row per checkpoint and matrix. */
public final class MatricesTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "matrices",
          "checkpoint_id",
          "checkpoint_id STRING, matrix STRING, layer INT, module STRING, rows INT, cols INT,"
              + " dtype STRING, update_rank INT, frozen_input STRING, update_norm DOUBLE, update_relative_norm DOUBLE,"
              + " update_spectral_norm DOUBLE, update_effective_rank DOUBLE,"
              + " update_effective_rank_low DOUBLE, update_effective_rank_high DOUBLE,"
              + " update_stable_rank DOUBLE, update_mass DOUBLE, base_norm DOUBLE,"
              + " base_spectral_norm DOUBLE, base_rank INT, critical_strength DOUBLE, critical_margin DOUBLE,"
              + " critical_strength_edge DOUBLE, critical_margin_edge DOUBLE, critical_strength_top DOUBLE,"
              + " critical_margin_top DOUBLE, bulk_edge DOUBLE,"
              + " intruder_count INT, intruders MAP<STRING, INT>, intruder_energy_share DOUBLE,"
              + " intruder_energy DOUBLE, energy DOUBLE, ties MAP<STRING, INT>,"
              + " left_rotation DOUBLE, right_rotation DOUBLE, left_rotation_mean DOUBLE,"
              + " right_rotation_mean DOUBLE, spectral_shift DOUBLE, unchanged_share DOUBLE,"
              + " geometry_note STRING, base_overlap DOUBLE, solver STRING,"
              + " max_residual DOUBLE, elapsed_millis BIGINT, scan_key STRING");

  private MatricesTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(ScanEntry entry) {
    return RowFactory.create(
        entry.checkpointId(),
        entry.matrix(),
        entry.layer(),
        entry.module(),
        entry.rows(),
        entry.cols(),
        entry.dtype(),
        entry.updateRank(),
        entry.frozenInput(),
        entry.updateNorm(),
        entry.updateRelativeNorm(),
        entry.updateSpectralNorm(),
        entry.updateEffectiveRank(),
        entry.updateEffectiveRankLow(),
        entry.updateEffectiveRankHigh(),
        entry.updateStableRank(),
        entry.updateMass(),
        entry.baseNorm(),
        entry.baseSpectralNorm(),
        entry.baseRank(),
        strength(entry, CriticalStrength::atK),
        entry.criticalMargin(CriticalStrength::atK),
        strength(entry, CriticalStrength::atEdge),
        entry.criticalMargin(CriticalStrength::atEdge),
        strength(entry, CriticalStrength::atTop),
        entry.criticalMargin(CriticalStrength::atTop),
        strength(entry, CriticalStrength::bulkEdge),
        entry.intruderCount(),
        ColumnMaps.toColumn(entry.intruders()),
        entry.intruderEnergyShare(),
        entry.intruderEnergy(),
        entry.energy(),
        ColumnMaps.toColumn(entry.ties()),
        entry.geometry().leftRotation(),
        entry.geometry().rightRotation(),
        entry.geometry().leftRotationMean(),
        entry.geometry().rightRotationMean(),
        entry.geometry().spectralShift(),
        entry.geometry().unchangedShare(),
        entry.geometry().note(),
        entry.baseOverlap(),
        entry.solver(),
        entry.maxResidual(),
        entry.elapsedMillis(),
        entry.key());
  }

  /**
   * The entry that a row was made from, but for its similarities and fidelity.
   *
   * @param vectors the matrix's rows of {@link SingularVectorsTable}, by side and index
   */
  public static ScanEntry fromRow(Row row, List<VectorScan> vectors) {
    return new ScanEntry(
        row.getAs("scan_key"),
        row.getAs("checkpoint_id"),
        row.getAs("matrix"),
        row.getAs("layer"),
        row.getAs("module"),
        row.<Integer>getAs("rows"),
        row.<Integer>getAs("cols"),
        row.getAs("dtype"),
        row.getAs("update_rank"),
        row.getAs("frozen_input"),
        row.<Double>getAs("update_norm"),
        row.<Double>getAs("update_relative_norm"),
        row.<Double>getAs("update_spectral_norm"),
        row.<Double>getAs("update_effective_rank"),
        row.<Double>getAs("update_effective_rank_low"),
        row.<Double>getAs("update_effective_rank_high"),
        row.<Double>getAs("base_norm"),
        row.<Double>getAs("base_spectral_norm"),
        row.getAs("base_rank"),
        criticalStrength(row),
        row.<Integer>getAs("intruder_count"),
        ColumnMaps.fromColumn(row, "intruders"),
        ColumnMaps.fromColumn(row, "ties"),
        row.<Double>getAs("intruder_energy"),
        row.<Double>getAs("energy"),
        row.getAs("solver"),
        row.<Double>getAs("max_residual"),
        row.<Long>getAs("elapsed_millis"),
        vectors,
        Map.of(),
        new Geometry(
            row.getAs("left_rotation"),
            row.getAs("right_rotation"),
            row.getAs("left_rotation_mean"),
            row.getAs("right_rotation_mean"),
            row.getAs("spectral_shift"),
            row.getAs("unchanged_share"),
            row.getAs("geometry_note")),
        null);
  }

  private static Double strength(ScanEntry entry, Function<CriticalStrength, Double> at) {
    return entry.criticalStrength() == null ? null : at.apply(entry.criticalStrength());
  }

  private static CriticalStrength criticalStrength(Row row) {
    Double atK = row.getAs("critical_strength");
    return atK == null
        ? null
        : new CriticalStrength(
            atK,
            row.getAs("critical_strength_edge"),
            row.getAs("critical_strength_top"),
            row.getAs("bulk_edge"));
  }
}
