package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.spectra.SingularValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Definition 3.1 of the paper: the tuned vector uⱼ, j &lt; k, is an intruder dimension iff maxᵢ
 * |⟨u0ᵢ, uⱼ⟩| &lt; ε over all base vectors.
 */
public final class IntruderRule {
  /** Relative distance of singular values within which base vectors count as one cluster. */
  public static final double CLUSTER_GAP = 0.02;

  /** A best similarity this near to a threshold is a tie: rounding may put it on either side. */
  public static final double TIE_TOLERANCE = 1e-4;

  private IntruderRule() {}

  /** Describes every vector of {@code tuned} on the sides that are asked for. */
  static List<VectorScan> apply(SingularValues base, TunedSpectrum tuned, ScanSettings settings) {
    List<VectorScan> vectors = new ArrayList<>();
    int rank = base.rank();
    for (Side side : settings.sides()) {
      Matrix coordinates = tuned.coordinates().get(side);
      RandomDirection chance =
          new RandomDirection(side == Side.LEFT ? base.rows() : base.cols(), rank);
      double nullSimilarity = chance.similarityAtQuantile();
      for (int j = 0; j < tuned.k(); j++) {
        double[] c = Arrays.copyOf(coordinates.column(j), rank);
        vectors.add(describe(base, tuned, settings, side, j, c, chance, nullSimilarity));
      }
    }
    return vectors;
  }

  private static VectorScan describe(
      SingularValues base,
      TunedSpectrum tuned,
      ScanSettings settings,
      Side side,
      int index,
      double[] c,
      RandomDirection chance,
      double nullSimilarity) {
    int best = -1;
    double energy = 0;
    double fourth = 0;
    for (int i = 0; i < c.length; i++) {
      double square = c[i] * c[i];
      if (best < 0 || Math.abs(c[i]) > Math.abs(c[best])) {
        best = i;
      }
      energy += square;
      fourth += square * square;
    }
    double topEnergy = 0;
    for (int i = 0; i < Math.min(tuned.k(), c.length); i++) {
      topEnergy += c[i] * c[i];
    }
    double clusterEnergy = 0;
    for (int i = 0; i < c.length; i++) {
      if (Math.abs(base.s()[i] - base.s()[best]) <= CLUSTER_GAP * base.s()[best]) {
        clusterEnergy += c[i] * c[i];
      }
    }
    double bestSimilarity = best < 0 ? 0 : Math.min(1, Math.abs(c[best]));
    return new VectorScan(
        side,
        index,
        tuned.s()[index],
        bestSimilarity,
        bestSimilarity,
        bestSimilarity,
        best < 0 ? null : best,
        best < 0 ? null : base.s()[best],
        tuned.hasDirection(index) && bestSimilarity < settings.epsilon(),
        chance.quantileOf(bestSimilarity),
        nullSimilarity,
        Math.min(1, topEnergy),
        Math.min(1, Math.sqrt(clusterEnergy)),
        Math.max(0, 1 - energy),
        fourth == 0 ? c.length : 1 / fourth,
        tuned.residuals()[index]);
  }
}
