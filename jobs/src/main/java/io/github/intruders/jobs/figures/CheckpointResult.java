package io.github.intruders.jobs.figures;

import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.AdapterCoverage;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What is told of one checkpoint, analysed or not.
 *
 * @param sequence null for none, and so {@code step}, {@code task} and {@code method}
 * @param matrices how many were analysed; where none was, the figures that follow are null or 0
 * @param intruders threshold → count
 * @param intruderEnergyShare Σσ² over the intruders relative to all tested vectors
 * @param updateEffectiveRank mean over the matrices
 * @param updateStableRank mean over the matrices that have an update; null where none has
 * @param updateMass root of the sum over the matrices of the squared masses of their updates
 * @param updateNorm ‖ΔW‖_F over the analysed matrices
 * @param updateRelativeNorm the same relative to ‖W0‖_F
 * @param matricesPastEdge of how many the update is stronger than the critical strength at the edge
 *     of the bulk; null where that is not known of all that have one
 * @param ties threshold → how many vectors lie so near to it that rounding decides
 * @param maxResidual the largest of all triplets
 * @param rejected how many of its inputs were left out
 * @param geometry means over the matrices
 * @param identity whether it is what it says it is
 */
public record CheckpointResult(
    String baseId,
    String checkpointId,
    String sequence,
    Integer step,
    String task,
    String method,
    Map<String, String> tags,
    int matrices,
    Map<String, Integer> intruders,
    int intruderCount,
    Double intruderEnergyShare,
    Double updateEffectiveRank,
    Double updateStableRank,
    Double updateMass,
    Double updateNorm,
    Double updateRelativeNorm,
    Integer matricesPastEdge,
    Map<String, Integer> ties,
    Double maxResidual,
    int rejected,
    MeanGeometry geometry,
    Identity identity)
    implements Serializable {
  /** What may tell of forgetting, by name; a value is null where nothing was analysed. */
  public static final Map<String, Function<CheckpointResult, Double>> MEASURES =
      Map.of(
          "intruder_count",
          result -> result.isAnalysed() ? (double) result.intruderCount() : null,
          "intruder_energy_share",
          CheckpointResult::intruderEnergyShare,
          "update_relative_norm",
          CheckpointResult::updateRelativeNorm,
          "update_effective_rank",
          CheckpointResult::updateEffectiveRank,
          "update_stable_rank",
          CheckpointResult::updateStableRank,
          "update_mass",
          CheckpointResult::updateMass);

  /** The names of {@link #MEASURES}, in the order in which they are told. */
  public static final List<String> MEASURE_NAMES =
      List.of(
          "intruder_count",
          "intruder_energy_share",
          "update_relative_norm",
          "update_effective_rank",
          "update_stable_rank",
          "update_mass");

  public CheckpointResult {
    Objects.requireNonNull(checkpointId, "checkpointId");
    tags = tags == null ? null : new TreeMap<>(tags);
  }

  /**
   * What a run found of a checkpoint of its manifest.
   *
   * @param figures null where nothing was analysed
   * @param coverage what its adapters name
   */
  public static CheckpointResult of(
      String baseId,
      CheckpointSpec spec,
      CheckpointFigures figures,
      List<AdapterCoverage> coverage,
      int rejected) {
    boolean analysed = figures != null;
    double norm = analysed ? Math.sqrt(figures.updateSquares()) : 0;
    return new CheckpointResult(
        baseId,
        spec.id(),
        spec.sequence(),
        spec.step(),
        spec.task(),
        spec.method().orElse(null),
        spec.tags(),
        analysed ? figures.matrices() : 0,
        analysed ? figures.intruders() : null,
        analysed ? figures.intruderCount() : 0,
        analysed ? (Double) ratio(figures.intruderEnergy(), figures.energy()) : null,
        analysed ? (Double) (figures.effectiveRanks() / figures.matrices()) : null,
        analysed && figures.updated() > 0
            ? (Double) (figures.stableRanks() / figures.updated())
            : null,
        analysed ? (Double) Math.sqrt(figures.massSquares()) : null,
        analysed ? (Double) norm : null,
        analysed ? (Double) ratio(norm, Math.sqrt(figures.baseSquares())) : null,
        analysed ? figures.matricesPastEdge() : null,
        analysed ? figures.ties() : null,
        analysed ? (Double) figures.maxResidual() : null,
        rejected,
        analysed ? figures.geometry() : MeanGeometry.UNKNOWN,
        (analysed ? figures.identity() : Identity.UNKNOWN).with(coverage));
  }

  private static double ratio(double part, double whole) {
    return whole > 0 ? part / whole : 0;
  }

  /** Whether it was analysed and nothing of it was left out. */
  public boolean isWhole() {
    return isAnalysed() && rejected == 0;
  }

  /** Whether anything of it was analysed. */
  public boolean isAnalysed() {
    return matrices > 0;
  }
}
