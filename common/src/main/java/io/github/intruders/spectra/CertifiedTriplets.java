package io.github.intruders.spectra;

import io.github.intruders.linalg.Matrix;
import java.util.Arrays;

/**
 * Leading singular triplets of a base matrix as a search has found them, with what is certain of
 * them: K · (m + n) numbers that spare later runs the search.
 *
 * @param searchedFor how many the search waited for; K may be more or less
 * @param values K approximate singular values, descending
 * @param left (K, m), the left vectors as orthonormal rows
 * @param right (K, n), their partners
 * @param errors K measured residuals ‖W0 v − σ u‖ + ‖W0ᵀ u − σ v‖
 * @param next the approximate value after the last one; 0 where there is none
 * @param complete how many singular values lie above {@code cut}: just as many as there are
 *     triplets above it; 0 where that is not known
 * @param cut a number between two values; 0 where {@code complete} is
 * @param lowest a positive number that no singular value lies below; 0 where none is known
 */
public record CertifiedTriplets(
    int searchedFor,
    double[] values,
    Matrix left,
    Matrix right,
    double[] errors,
    double next,
    int complete,
    double cut,
    double lowest) {
  public CertifiedTriplets {
    int count = values.length;
    if (count == 0
        || left.rows() != count
        || right.rows() != count
        || errors.length != count
        || complete < 0
        || complete > count
        || !isDescending(values)
        || !(next >= 0)
        || !(cut >= 0)
        || !(lowest >= 0)
        || Arrays.stream(errors).anyMatch(error -> !(error >= 0))
        || (complete > 0 && !(cut < values[complete - 1]))) {
      throw new IllegalArgumentException(
          "Cannot take for leading triplets: values %s, vectors %s and %s, errors %s, %d above %s"
              .formatted(
                  Arrays.toString(values), left, right, Arrays.toString(errors), complete, cut));
    }
  }

  private static boolean isDescending(double[] values) {
    for (int i = 1; i < values.length; i++) {
      if (!(values[i] <= values[i - 1])) {
        return false;
      }
    }
    return values[values.length - 1] > 0;
  }

  /** K. */
  public int count() {
    return values.length;
  }

  /** Whether they are of a matrix of this shape. */
  public boolean suits(int rows, int cols) {
    return left.cols() == rows && right.cols() == cols;
  }
}
