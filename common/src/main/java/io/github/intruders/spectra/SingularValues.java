package io.github.intruders.spectra;

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
