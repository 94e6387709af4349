package io.github.intruders.jobs.ledger;

import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.Rejection;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.BaseOverlap;
import io.github.intruders.scan.CriticalStrength;
import io.github.intruders.scan.FrozenInput;
import io.github.intruders.scan.Geometry;
import io.github.intruders.scan.MatrixScan;
import io.github.intruders.scan.Routes;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.io.Serializable;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * One analysed matrix of one checkpoint: what the scan found, and the only source of what the
 * tables, the summary and the report say of it.
 *
 * @param key names all that the figures depend on, see {@link #key}
 * @param layer null where the matrix belongs to none
 * @param updateRank null where the effective rank is an estimate, which does not tell it
 * @param updateEffectiveRankLow the effective rank is at least this; the same where it is exact
 * @param updateEffectiveRankHigh and at most this
 * @param rows of W, its outputs
 * @param cols of W, its inputs
 * @param baseRank numerical rank of the base matrix; null in tables of runs that did not tell it,
 *     and where the base's spectrum is not known
 * @param criticalStrength null where the base's spectrum is not known
 * @param frozenInput {@code repeated} or {@code orthonormal} where an adapter's A looks as if it
 *     was frozen, see {@link FrozenInput}; else null
 * @param intruders threshold → how many vectors are intruders at it; without those that bounds
 *     leave undecided, never the first one
 * @param ties threshold → how many vectors lie so near to it that rounding decides
 * @param vectors every tested vector, by side, then by singular index
 * @param similarity by side, the absolute cosines of leading tuned vectors (rows) and leading base
 *     vectors (columns); empty where it was not asked for
 * @param geometry how the leading subspaces lie to the base's
 * @param fidelity how the matrix relates to what it is said to be merged from; null where nothing
 *     is said, or it was not looked at
 */
public record ScanEntry(
    String key,
    String checkpointId,
    String matrix,
    Integer layer,
    String module,
    int rows,
    int cols,
    String dtype,
    Integer updateRank,
    String frozenInput,
    double updateNorm,
    double updateRelativeNorm,
    double updateSpectralNorm,
    double updateEffectiveRank,
    double updateEffectiveRankLow,
    double updateEffectiveRankHigh,
    double baseNorm,
    double baseSpectralNorm,
    Integer baseRank,
    CriticalStrength criticalStrength,
    int intruderCount,
    Map<String, Integer> intruders,
    Map<String, Integer> ties,
    double intruderEnergy,
    double energy,
    String solver,
    double maxResidual,
    long elapsedMillis,
    List<VectorScan> vectors,
    Map<Side, List<double[]>> similarity,
    Geometry geometry,
    Fidelity fidelity)
    implements LedgerEntry, Serializable {

  /** Changes whenever the numbers of an entry would come out differently for the same input. */
  private static final String DEFINITION_VERSION = "6";

  /** What was found in one piece of work, under its key. */
  public static ScanEntry of(ScanOutcome.Analysed outcome, ScanSettings settings) {
    MatrixPlan plan = outcome.plan();
    BaseMatrix base = plan.base();
    MatrixScan scan = outcome.scan();
    return new ScanEntry(
        key(plan, settings),
        plan.checkpointId(),
        base.name(),
        base.layer() < 0 ? null : base.layer(),
        base.module(),
        base.source().rows(),
        base.source().cols(),
        base.source().dtype().name(),
        scan.update().rank(),
        outcome.frozenInput() == null
            ? null
            : outcome.frozenInput().name().toLowerCase(Locale.ROOT),
        scan.update().norm(),
        scan.baseNorm() == 0 ? 0 : scan.update().norm() / scan.baseNorm(),
        scan.update().spectralNorm(),
        scan.update().effectiveRank(),
        scan.update().effectiveRankLow(),
        scan.update().effectiveRankHigh(),
        scan.baseNorm(),
        scan.baseSpectralNorm(),
        scan.baseRank(),
        scan.criticalStrength(),
        scan.intruderCount(),
        scan.intruders(),
        scan.ties(),
        scan.intruderEnergy(),
        scan.energy(),
        scan.solver(),
        scan.maxResidual(),
        outcome.elapsedMillis(),
        scan.vectors(),
        scan.similarity(),
        scan.geometry(),
        outcome.fidelity());
  }

  /**
   * Names all that the result of a piece of work depends on: the files it is read from and the
   * settings. An entry whose key is in no plan is never used.
   */
  public static String key(MatrixPlan plan, ScanSettings settings) {
    return Fingerprint.of(
        String.join(
            "\n",
            settingsText(settings),
            rankText(plan, settings),
            plan.checkpointId(),
            plan.base().name(),
            plan.inputs(),
            Boolean.toString(plan.inSequence())));
  }

  /** How the effective rank is found, where the matrix leaves a choice. */
  private static String rankText(MatrixPlan plan, ScanSettings settings) {
    boolean estimate =
        !(plan.update() instanceof UpdateSource.LowRank)
            && new Routes(settings)
                .estimatesRank(plan.base().source().rows(), plan.base().source().cols());
    return estimate ? "estimated rank" : "exact rank";
  }

  /** Names the settings and the definition that entries were made by. */
  public static String settingsKey(ScanSettings settings) {
    return Fingerprint.of(settingsText(settings));
  }

  private static String settingsText(ScanSettings settings) {
    return String.join(
        "\n",
        DEFINITION_VERSION,
        settings.topK().text(),
        settings.epsilons().toString(),
        settings.sides().toString(),
        settings.solver().definition());
  }

  /** The same matrix with other similarities. */
  public ScanEntry withSimilarity(Map<Side, List<double[]>> other) {
    return with(vectors, other);
  }

  /**
   * How many times stronger the update could be before it reaches a critical strength; null for no
   * update, or where that strength is not known.
   *
   * @param at which one, such as {@link CriticalStrength#atK}
   */
  public Double criticalMargin(Function<CriticalStrength, Double> at) {
    Double strength = criticalStrength == null ? null : at.apply(criticalStrength);
    return strength != null && updateSpectralNorm > 0
        ? (Double) (strength / updateSpectralNorm)
        : null;
  }

  /**
   * ‖ΔW‖²_F / ‖ΔW‖²₂, from 1 to the rank: over how many directions the update is spread, the
   * strongest ones counted most; null for no update.
   */
  public Double updateStableRank() {
    double ratio = updateNorm / updateSpectralNorm;
    return updateSpectralNorm > 0 ? (Double) Math.max(1, ratio * ratio) : null;
  }

  /** ‖ΔW‖_F · ⁴√(stable rank), in the unit of the weights; 0 for no update. */
  public double updateMass() {
    Double stableRank = updateStableRank();
    return stableRank == null ? 0 : updateNorm * Math.pow(stableRank, 0.25);
  }

  /** How much of the leading subspace is the base's, see {@link BaseOverlap}; null if unknown. */
  public Double baseOverlap() {
    return BaseOverlap.of(vectors, rows, cols);
  }

  /** The adapter that it is said to be merged from and that can't be used, if there is one. */
  public Optional<Rejection> mergeRejection() {
    return Optional.ofNullable(fidelity).map(Fidelity::rejection);
  }

  /** This entry with no more than so many vectors of each side, and their similarities. */
  public ScanEntry leading(int count) {
    Map<Side, List<double[]>> square = new EnumMap<>(Side.class);
    similarity.forEach(
        (side, tuned) ->
            square.put(
                side,
                tuned.stream()
                    .limit(count)
                    .map(base -> Arrays.copyOf(base, Math.min(count, base.length)))
                    .toList()));
    return with(vectors.stream().filter(vector -> vector.singularIndex() < count).toList(), square);
  }

  private ScanEntry with(List<VectorScan> otherVectors, Map<Side, List<double[]>> otherSimilarity) {
    return new ScanEntry(
        key,
        checkpointId,
        matrix,
        layer,
        module,
        rows,
        cols,
        dtype,
        updateRank,
        frozenInput,
        updateNorm,
        updateRelativeNorm,
        updateSpectralNorm,
        updateEffectiveRank,
        updateEffectiveRankLow,
        updateEffectiveRankHigh,
        baseNorm,
        baseSpectralNorm,
        baseRank,
        criticalStrength,
        intruderCount,
        intruders,
        ties,
        intruderEnergy,
        energy,
        solver,
        maxResidual,
        elapsedMillis,
        otherVectors,
        otherSimilarity,
        geometry,
        fidelity);
  }

  /** Σσ² of the intruders relative to all tested vectors. */
  public double intruderEnergyShare() {
    return energy > 0 ? intruderEnergy / energy : 0;
  }
}
