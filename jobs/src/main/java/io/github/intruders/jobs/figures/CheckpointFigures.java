package io.github.intruders.jobs.figures;

import io.github.intruders.scan.Side;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * What the matrices of one checkpoint come to: small enough for the driver to hold those of all
 * checkpoints, about 30 KB each at k = 10. Made by {@link CheckpointSummariser}.
 *
 * @param checkpointId whose
 * @param entriesKey names the entries that these are the figures of, see {@code LedgerPart}
 * @param matrices how many were analysed, at least one
 * @param intruderCount at the headline threshold
 * @param intruders threshold → count; without those that a matrix leaves undecided
 * @param ties threshold → how many vectors lie so near to it that rounding decides
 * @param intruderEnergy Σσ² over the intruders
 * @param energy Σσ² over all tested vectors
 * @param effectiveRanks Σ of the updates' effective ranks
 * @param stableRanks Σ of the updates' stable ranks, over the matrices that have an update
 * @param updated how many have one
 * @param massSquares Σ of the squared masses of the updates
 * @param frozenInputs of how many the adapter's A looks as if it was frozen
 * @param updateSquares Σ‖ΔW‖²_F
 * @param baseSquares Σ‖W0‖²_F
 * @param maxResidual the largest of all triplets
 * @param solvers route → how many matrices it answered for
 * @param margins one per matrix with an update
 * @param curves by side and singular index, at the indices that are drawn
 * @param shares by side and size of the matrix
 * @param heat by layer and module
 * @param worst the matrices with most intruders, those first, at most {@value
 *     CheckpointSummariser#WORST_MATRICES}
 * @param geometry means over the matrices
 * @param identity whether it is what it says it is, as far as its matrices tell
 * @param uncheckedMerges of how many matrices an adapter that they are said to be merged from can't
 *     be used
 */
public record CheckpointFigures(
    String checkpointId,
    String entriesKey,
    int matrices,
    int intruderCount,
    Map<String, Integer> intruders,
    Map<String, Integer> ties,
    double intruderEnergy,
    double energy,
    double effectiveRanks,
    double stableRanks,
    int updated,
    double massSquares,
    int frozenInputs,
    double updateSquares,
    double baseSquares,
    double maxResidual,
    Map<String, Integer> solvers,
    List<Margin> margins,
    List<CurvePoint> curves,
    List<ShareCounts> shares,
    List<HeatCell> heat,
    List<WorstMatrix> worst,
    MeanGeometry geometry,
    Identity identity,
    int uncheckedMerges)
    implements Serializable {

  /**
   * Of how many matrices the update is stronger than the critical strength at the edge of the bulk;
   * null where that is not known of all that have one.
   */
  public Integer matricesPastEdge() {
    return margins.stream().anyMatch(margin -> margin.atEdge() == null)
        ? null
        : (Integer) (int) margins.stream().filter(margin -> margin.atEdge() < 1).count();
  }

  /**
   * One matrix as predictions and a label: how many times stronger its update could be before it
   * reaches the critical strength, see {@code CriticalStrength}; null where that is not known.
   *
   * @param hasIntruders at the headline threshold
   */
  public record Margin(Double atK, Double atEdge, Double atTop, boolean hasIntruders)
      implements Serializable {}

  /**
   * One index of a spectrum, over all matrices.
   *
   * @param intruders how many vectors up to this index are intruders
   * @param tested how many there are up to this index
   * @param lowest best similarity at this index; no number, as the quartiles, where not all are
   *     known
   * @param lower quartile
   * @param median of them
   * @param upper quartile
   * @param chance mean of what 99 % of random directions stay below; no number where it is not
   *     known
   * @param isLast whether no matrix has a vector beyond
   */
  public record CurvePoint(
      Side side,
      int singularIndex,
      long intruders,
      long tested,
      double lowest,
      double lower,
      double median,
      double upper,
      double chance,
      boolean isLast)
      implements Serializable {}

  /**
   * Counts by index, of the matrices of one size.
   *
   * @param size min(rows, cols)
   * @param intruders by singular index
   * @param tested by singular index
   */
  public record ShareCounts(Side side, int size, int[] intruders, int[] tested)
      implements Serializable {}

  /**
   * One module of one layer, all sides together.
   *
   * @param layer null for none
   */
  public record HeatCell(
      Integer layer, String module, int intruders, int tested, double intruderEnergy, double energy)
      implements Serializable {}

  /** A matrix with intruders; the names are those of {@code ScanEntry}. */
  public record WorstMatrix(
      String checkpointId,
      String matrix,
      int rows,
      int cols,
      String dtype,
      int intruderCount,
      double intruderEnergyShare,
      Integer updateRank,
      double updateEffectiveRank,
      double updateEffectiveRankLow,
      double updateEffectiveRankHigh,
      double updateRelativeNorm,
      double updateSpectralNorm,
      double baseSpectralNorm,
      Double criticalMargin,
      String solver,
      double maxResidual)
      implements Serializable {}
}
