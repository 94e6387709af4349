package io.github.intruders.scan;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import java.util.Map;

/**
 * The k leading singular triplets (σ, u, v) of a tuned matrix W, seen from its base.
 *
 * @param s k singular values of W, descending
 * @param coordinates by side, both sides: (p, k) in double precision, column j holding U0ᵀ uⱼ
 *     (left) or V0ᵀ vⱼ (right), so that the similarities to all base vectors are the absolute
 *     values
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
