package io.github.intruders.decisions;

import io.github.intruders.jobs.figures.CheckpointResult;
import java.util.Map;
import java.util.TreeMap;

/** The figures of a checkpoint as MLflow's metrics. What is not known is left out. */
final class MlflowFigures {
  private static final String PREFIX = "intruders/";

  private MlflowFigures() {}

  /** Name → value; the names are the columns of the table {@code checkpoints}. */
  static Map<String, Double> of(CheckpointResult result) {
    Map<String, Double> figures = new TreeMap<>();
    put(figures, "matrices", result.matrices());
    put(figures, "rejected", result.rejected());
    if (!result.isAnalysed()) { // its zeros count nothing
      return figures;
    }
    put(figures, "intruder_count", result.intruderCount());
    if (result.intruders() != null) {
      result
          .intruders()
          .forEach((threshold, count) -> put(figures, "intruder_count_at_" + threshold, count));
    }
    put(figures, "intruder_energy_share", result.intruderEnergyShare());
    put(figures, "update_effective_rank", result.updateEffectiveRank());
    put(figures, "update_stable_rank", result.updateStableRank());
    put(figures, "update_mass", result.updateMass());
    put(figures, "update_norm", result.updateNorm());
    put(figures, "update_relative_norm", result.updateRelativeNorm());
    put(figures, "left_rotation", result.geometry().leftRotation());
    put(figures, "right_rotation", result.geometry().rightRotation());
    put(figures, "left_rotation_mean", result.geometry().leftRotationMean());
    put(figures, "right_rotation_mean", result.geometry().rightRotationMean());
    put(figures, "spectral_shift", result.geometry().spectralShift());
    put(figures, "unchanged_share", result.geometry().unchangedShare());
    put(figures, "matrices_past_edge", result.matricesPastEdge());
    put(figures, "max_residual", result.maxResidual());
    put(figures, "base_overlap", result.identity().baseOverlap());
    put(figures, "fidelity_matrices", result.identity().fidelityMatrices());
    put(figures, "fidelity_faults", result.identity().fidelityFaults());
    put(figures, "fidelity_residual", result.identity().fidelityResidual());
    put(figures, "fidelity_lost_share", result.identity().fidelityLostShare());
    return figures;
  }

  private static void put(Map<String, Double> figures, String name, Number value) {
    if (value != null && Double.isFinite(value.doubleValue())) {
      figures.put(PREFIX + name, value.doubleValue());
    }
  }
}
