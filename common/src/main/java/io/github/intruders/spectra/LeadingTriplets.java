package io.github.intruders.spectra;

import io.github.intruders.linalg.BlockKrylov;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * Leading singular triplets of a matrix D that are known well enough to be taken out of it, within
 * the search spaces of a block Krylov method.
 *
 * @param largest the largest singular value
 * @param values of all that are known, relative to the largest, descending; the first is 1
 * @param residuals ‖Dᵀu − σ v‖ of each, relative to the largest value; D v = σ u holds
 * @param u (size, count), as columns in the left space
 * @param v (size, count), as columns in the right space
 */
record LeadingTriplets(double largest, double[] values, double[] residuals, Matrix u, Matrix v) {
  /** The largest residual, relative to the triplet's own value. */
  private static final double KNOWN = 0.03;

  /** The same of the first. Its value is off by about the square of its residual. */
  private static final double SETTLED = 0.01;

  /**
   * Finds them in the Krylov space of some of the start vectors.
   *
   * @param projected leftᵀ · D · right of the spaces, (size, size), where D · right = left · this
   * @param start the start vectors within the right space, (size, b)
   * @param beyond NᵀN, (width, width), of the part N of Dᵀ · (the newest left directions) that lies
   *     beyond the right space
   */
  static LeadingTriplets of(Matrix projected, Matrix start, Matrix beyond, int steps) {
    BlockKrylov search = new BlockKrylov(projected, start.cols(), steps);
    Matrix next = start;
    for (int step = 1; step <= steps; step++) {
      if (!search.forth(next)) {
        throw new IllegalStateException("Not finite: " + projected);
      }
      if (step < steps) {
        next = search.back();
      }
    }
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(search.projected());
    int most = svd.s().length / 2;
    double[] s = Arrays.copyOf(svd.s(), most);
    Matrix u = search.left().times(svd.u().columnRange(0, most));
    Matrix v = search.right().times(svd.vt().rowRange(0, most).t());
    double[] inside =
        projected.t().times(u).plusInPlace(-1, v.copy().scaleColumnsInPlace(s)).columnNorms();
    Matrix newest = u.rowRange(u.rows() - beyond.rows(), u.rows());
    Matrix image = beyond.times(newest);
    double[] values = new double[most];
    double[] residuals = new double[most];
    int count = 0;
    while (count < most) {
      double outside = 0;
      double[] left = newest.column(count);
      double[] right = image.column(count);
      for (int j = 0; j < left.length; j++) {
        outside += left[j] * right[j];
      }
      double residual = Math.hypot(inside[count], Math.sqrt(Math.max(0, outside)));
      if (!(residual <= KNOWN * s[count])) {
        break;
      }
      values[count] = s[count] / s[0];
      residuals[count] = residual / s[0];
      count++;
    }
    return new LeadingTriplets(
        s[0],
        Arrays.copyOf(values, count),
        Arrays.copyOf(residuals, count),
        u.columnRange(0, count).to(Precision.DOUBLE),
        v.columnRange(0, count).to(Precision.DOUBLE));
  }

  /** How many are known. */
  int count() {
    return values.length;
  }

  /** Whether the largest value is known well enough to measure all others by it. */
  boolean isSettled() {
    return count() > 0 && residuals[0] <= SETTLED;
  }

  /** Σ f(σ), relative to the largest. */
  double sum(DoubleUnaryOperator f) {
    return Arrays.stream(values).map(f).sum();
  }

  /** What they take of ‖D‖²_F, relative to the square of the largest. */
  double squares() {
    double sum = 0;
    for (int i = 0; i < count(); i++) {
      sum += values[i] * values[i] + residuals[i] * residuals[i];
    }
    return sum;
  }

  /**
   * How much Σσ of D can differ from its parts: a residual ρ that couples σ to what is left changes
   * it by at most ρ² / 2σ, to second order.
   */
  double errorOfSum() {
    double sum = 0;
    for (int i = 0; i < count(); i++) {
      sum += residuals[i] * residuals[i] / (2 * values[i]);
    }
    return sum;
  }

  /** The same of Σ σ ln σ: at most (1 − ln σ) times as much. */
  double errorOfLogSum() {
    double sum = 0;
    for (int i = 0; i < count(); i++) {
      sum += residuals[i] * residuals[i] / (2 * values[i]) * (1 - Math.log(values[i]));
    }
    return sum;
  }

  /** Takes them out of vectors of the left space, as columns, in place. */
  void removeLeft(Matrix vectors) {
    remove(u, vectors);
  }

  /** The same in the right space. */
  void removeRight(Matrix vectors) {
    remove(v, vectors);
  }

  private static void remove(Matrix basis, Matrix vectors) {
    if (basis.cols() > 0) {
      vectors.plusProductInPlace(-1, basis, basis.t().times(vectors));
    }
  }
}
