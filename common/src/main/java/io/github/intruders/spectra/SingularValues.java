package io.github.intruders.spectra;

import io.github.intruders.linalg.Precision;

/** The singular values of a base matrix, whatever else is kept of its decomposition. */
public interface SingularValues {
  int rows();

  int cols();

  /** p = min(rows, cols) singular values, descending; not to be modified. */
  double[] s();

  /** min(rows, cols). */
  default int minDimension() {
    return s().length;
  }

  /**
   * Singular values at or below this are zero up to rounding, {@code max(rows, cols) · 2⁻⁵² · σ₁}
   * as in numpy where they come from the matrix itself. Their vectors are arbitrary and mean
   * nothing.
   */
  default double resolution() {
    return Precision.DOUBLE.noiseFloor(spectralNorm(), Math.max(rows(), cols()));
  }

  /** How many singular values are not zero up to rounding; their vectors come first. */
  default int rank() {
    double resolution = resolution();
    int rank = 0;
    while (rank < s().length && s()[rank] > resolution) {
      rank++;
    }
    return rank;
  }

  /** The largest singular value, ‖W0‖₂. */
  default double spectralNorm() {
    return s()[0];
  }

  /** ‖W0‖_F, from the singular values. */
  default double frobeniusNorm() {
    double largest = Math.max(spectralNorm(), Double.MIN_NORMAL);
    double sum = 0;
    for (double value : s()) {
      sum += value / largest * (value / largest);
    }
    return spectralNorm() * Math.sqrt(sum);
  }
}
