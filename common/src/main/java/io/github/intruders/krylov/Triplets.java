package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.RowSpan;
import java.util.Arrays;

/**
 * Approximate leading triplets of a matrix M with measured errors.
 *
 * @param values σⱼ, descending
 * @param left (K, rows) in working precision, orthonormal rows uⱼ
 * @param right (K, cols), their partners vⱼ
 * @param errors ‖M vⱼ − σⱼ uⱼ‖ + ‖Mᵀ uⱼ − σⱼ vⱼ‖, measured in double precision
 * @param next approximate value after the last one; 0 where there is none
 */
record Triplets(double[] values, Matrix left, Matrix right, double[] errors, double next) {
  /** What vectors in working precision lack of being orthonormal, in units of rounding. */
  private static final double ROUNDING = 16;

  /** Measures the errors from what M makes of the vectors in double precision. */
  static Triplets measured(
      double[] values, Matrix left, Matrix right, LinearMap.Products images, double next) {
    double[] errors = new double[values.length];
    try (Arena arena = Arena.open()) {
      Matrix f =
          images.forth().copy().plusInPlace(-1, left.to(Precision.DOUBLE).scaleRowsInPlace(values));
      Matrix g =
          images.back().copy().plusInPlace(-1, right.to(Precision.DOUBLE).scaleRowsInPlace(values));
      for (int j = 0; j < errors.length; j++) {
        errors[j] = RowSpan.norm(f.rowRange(j, j + 1)) + RowSpan.norm(g.rowRange(j, j + 1));
      }
    }
    return new Triplets(values, left, right, errors, next);
  }

  /** By how much the true values of the leading triplets may differ from these. */
  double shift(int count) {
    double squares = 0;
    for (int j = 0; j < count; j++) {
      squares += errors[j] * errors[j];
    }
    return Math.sqrt(squares) + ROUNDING * left.precision().epsilon() * values[0];
  }

  int count() {
    return values.length;
  }

  /**
   * By how much the span of the leading vectors can be off, as the largest angle (Wedin 1972),
   * given what {@link #sines} is given.
   *
   * @param k how many vectors
   * @return an angle in radians; infinite where they are not known to be the leading ones
   */
  double spanError(int k, int complete, double cut) {
    if (complete < k) {
      return Double.POSITIVE_INFINITY;
    }
    double squares = 0;
    for (int j = 0; j < k; j++) {
      squares += errors[j] * errors[j];
    }
    double gap = values[k - 1] - (complete > k ? values[k] + shift(complete) : cut);
    return gap > 0
        ? Math.sqrt(squares) / gap + ROUNDING * left.precision().epsilon()
        : Double.POSITIVE_INFINITY;
  }

  /**
   * How far each vector can be from the true one, as the sine of an angle, given that M has just as
   * many singular values above a cut as there are triplets above it. Then the true values, in their
   * order, differ from these by no more than the errors of all together (Kahan 1967), and each
   * vector's sine is at most its error over the gap to the true values beside it. Where there is no
   * gap the sine is 1.
   *
   * @param complete how many triplets lie above the cut
   * @param cut above which M has no other singular values
   */
  double[] sines(int complete, double cut) {
    double[] sines = new double[values.length];
    Arrays.fill(sines, 1);
    double shift = shift(complete);
    for (int j = 0; j < complete; j++) {
      double above = j == 0 ? Double.POSITIVE_INFINITY : values[j - 1] - shift;
      double below = j + 1 < complete ? values[j + 1] + shift : cut;
      double gap = Math.min(above - values[j], values[j] - below);
      sines[j] = gap > 0 ? Math.min(1, errors[j] / gap) : 1;
    }
    return sines;
  }
}
