package io.github.intruders.scan;

import io.github.intruders.krylov.KrylovVerdicts;
import io.github.intruders.spectra.UpdateStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Verdicts by certified bounds, the base is never decomposed ({@link KrylovVerdicts}). What bounds
 * can't tell is null.
 */
final class KrylovRoute {
  static final String NAME = "krylov";

  private final ScanSettings settings;

  KrylovRoute(ScanSettings settings) {
    this.settings = settings;
  }

  /** What is asked of the bounds: all vectors decided at the thresholds that were given. */
  KrylovVerdicts.Question question(int k) {
    return new KrylovVerdicts.Question(
        k,
        settings.sides().contains(Side.LEFT),
        settings.sides().contains(Side.RIGHT),
        settings.epsilons());
  }

  /** Whether the headline count is known. */
  boolean decides(KrylovVerdicts.Tuned tuned) {
    return tuned.decides(List.of(settings.epsilon()));
  }

  /**
   * What bounds tell of a tuned matrix.
   *
   * @param entries what the entries of the tuned matrix say by themselves
   * @param rows m of the base
   * @param cols n of it
   */
  MatrixScan scan(
      KrylovVerdicts.Answer base,
      KrylovVerdicts.Tuned tuned,
      UpdateStatistics update,
      EntryChange entries,
      int rows,
      int cols) {
    Integer rank = base.baseLowest() > 0 ? Math.min(rows, cols) : null;
    List<VectorScan> vectors = new ArrayList<>();
    List<KrylovVerdicts.Bounds> all = new ArrayList<>();
    for (Side side : settings.sides()) {
      int dimension = side == Side.LEFT ? rows : cols;
      RandomDirection chance = rank == null ? null : new RandomDirection(dimension, rank);
      Double nullSimilarity = chance == null ? null : (Double) chance.similarityAtQuantile();
      List<KrylovVerdicts.Bounds> ofSide = side == Side.LEFT ? tuned.left() : tuned.right();
      for (int j = 0; j < ofSide.size(); j++) {
        vectors.add(vector(side, j, tuned, ofSide.get(j), chance, nullSimilarity, dimension, rank));
      }
      all.addAll(ofSide);
    }
    Map<String, Integer> intruders = new TreeMap<>();
    Map<String, Integer> ties = new TreeMap<>();
    for (double epsilon : settings.allEpsilons()) {
      boolean decided = all.stream().allMatch(bounds -> bounds.decides(epsilon));
      int count = (int) all.stream().filter(bounds -> bounds.high() < epsilon).count();
      int near =
          (int)
              all.stream()
                  .filter(bounds -> bounds.low() - IntruderRule.TIE_TOLERANCE <= epsilon)
                  .filter(bounds -> bounds.high() + IntruderRule.TIE_TOLERANCE >= epsilon)
                  .count();
      if (decided) {
        intruders.put(Double.toString(epsilon), count);
        ties.put(Double.toString(epsilon), near);
      }
    }
    return MatrixScan.ofBounds(base, tuned, vectors, intruders, ties, update, rank, entries);
  }

  /** How the leading subspaces lie to each other, as far as both are certified. */
  static Geometry geometry(
      KrylovVerdicts.Tuned tuned, UpdateStatistics update, EntryChange entries) {
    KrylovVerdicts.Leading leading = tuned.leading();
    Map<Side, Rotation> rotations =
        leading.angleError() < Double.POSITIVE_INFINITY
            ? Map.of(
                Side.LEFT, Rotation.of(leading.leftAngles(), leading.angleError()),
                Side.RIGHT, Rotation.of(leading.rightAngles(), leading.angleError()))
            : Map.of();
    return Geometry.ofBounds(
        rotations, leading.shift(), leading.shiftError(), entries, update.norm() > 0);
  }

  private VectorScan vector(
      Side side,
      int index,
      KrylovVerdicts.Tuned tuned,
      KrylovVerdicts.Bounds bounds,
      RandomDirection chance,
      Double nullSimilarity,
      int dimension,
      Integer rank) {
    boolean exact = bounds.isExact();
    Double best = exact ? (Double) bounds.cosine() : null;
    return new VectorScan(
        side,
        index,
        tuned.values()[index],
        best,
        bounds.low(),
        bounds.high(),
        exact ? (Integer) bounds.bestBaseIndex() : null,
        exact ? (Double) bounds.baseValue() : null,
        bounds.high() < settings.epsilon(),
        exact && chance != null ? (Double) chance.quantileOf(best) : null,
        nullSimilarity,
        Double.isNaN(bounds.energyInTop()) ? null : (Double) Math.min(1, bounds.energyInTop()),
        null,
        rank != null && rank == dimension ? (Double) 0.0 : null,
        null,
        tuned.residuals()[index]);
  }
}
