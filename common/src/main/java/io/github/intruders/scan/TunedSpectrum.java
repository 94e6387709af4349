package io.github.intruders.scan;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.EnumMap;
import java.util.Map;

/**
 * The k leading singular triplets (σ, u, v) of a tuned matrix W, seen from its base.
 *
 * @param s k singular values of W, descending
 * @param coordinates by side, each side that the base's decomposition has in full: (p, k) in double
 *     precision, column j holding U0ᵀ uⱼ (left) or V0ᵀ vⱼ (right), so that the similarities to all
 *     base vectors are the absolute values
 * @param residuals for each triplet the larger of ‖W v − σ u‖ and ‖Wᵀ u − σ v‖, relative to σ
 * @param solver name of the route that found them
 */
public record TunedSpectrum(
    double[] s, Map<Side, Matrix> coordinates, double[] residuals, String solver) {
  public TunedSpectrum {
    coordinates = Map.copyOf(coordinates);
    for (Matrix c : coordinates.values()) {
      if (c.cols() != s.length) {
        throw new IllegalArgumentException(
            "Expected coordinates of %d vectors, found %s".formatted(s.length, c));
      }
    }
  }

  /**
   * What vectors are to a base, on the sides it has in full.
   *
   * @param u (m, k), orthonormal columns
   * @param v (n, k), orthonormal columns, in the same precision
   */
  static Map<Side, Matrix> coordinates(BaseSpectrum base, Matrix u, Matrix v) {
    Map<Side, Matrix> coordinates = new EnumMap<>(Side.class);
    if (base.part().hasLeft()) {
      Matrix all = base.u().in(u.precision());
      coordinates.put(Side.LEFT, all.t().times(u).in(Precision.DOUBLE));
    }
    if (base.part().hasRight()) {
      coordinates.put(Side.RIGHT, base.vt().in(v.precision()).times(v).in(Precision.DOUBLE));
    }
    return coordinates;
  }

  /** How many triplets there are. */
  public int k() {
    return s.length;
  }

  /** Hands the matrices to the arena around {@code arena}. */
  TunedSpectrum keptBy(Arena arena) {
    coordinates.values().forEach(arena::keep);
    return this;
  }

  /** The largest of the residuals. */
  public double maxResidual() {
    double largest = 0;
    for (double residual : residuals) {
      largest = Math.max(largest, residual);
    }
    return largest;
  }
}
