package io.github.intruders.scan;

import io.github.intruders.linalg.LinearSystem;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SymmetricEigen;

/**
 * The matrix K − τ for K = [0 M; Mᵀ 0], M = diag(S0) + l · rᵀ, whose eigenvalues tell all about the
 * singular values of M: they are ±σ, and zeros.
 *
 * <p>K is K0 = [0 D; Dᵀ 0] plus Z C Zᵀ with Z = l ⊕ r and C = [0 I; I 0]. The inverse of K0 − τ is
 * 2 × 2 per coordinate, so everything follows from the capacitance N = −C − Zᵀ (K0 − τ)⁻¹ Z of
 * order 2R: by Sherman, Morrison and Woodbury a system is solved exactly, and by Haynsworth's
 * inertia additivity on the bordered matrix [K0 − τ, Z; Zᵀ, −C⁻¹] eigenvalues are counted exactly:
 *
 * <pre>n₊(K − τ) = n₊(K0 − τ) + n₊(N) − R</pre>
 *
 * where n₊, the number of positive eigenvalues, of K0 − τ is the number of base singular values
 * above τ.
 */
final class ShiftedUpdate {
  private final CoordinateUpdate update;
  private final double[] own;
  private final double[] cross;
  private int baseAbove;

  /**
   * @param s0 the base's singular values
   * @param tau positive; moved by a hair where it meets one of them
   */
  ShiftedUpdate(double[] s0, CoordinateUpdate update, double tau) {
    this.update = update;
    int p = s0.length;
    own = new double[Math.max(update.l().rows(), update.r().rows())];
    cross = new double[p];
    double smallest = 4 * Math.ulp(tau * tau);
    for (int i = 0; i < own.length; i++) {
      double s = i < p ? s0[i] : 0;
      double determinant = (tau - s) * (tau + s);
      if (Math.abs(determinant) < smallest) {
        determinant = smallest;
      }
      baseAbove += determinant < 0 ? 1 : 0;
      own[i] = tau / determinant;
      if (i < p) {
        cross[i] = s / determinant;
      }
    }
  }

  /** N, symmetric, (2R, 2R). */
  private Matrix capacitance() {
    int p = cross.length;
    Matrix l = update.l();
    Matrix r = update.r();
    int rank = l.cols();
    Matrix n = Matrix.allocate(2 * rank, 2 * rank, Precision.DOUBLE);
    Matrix mixed =
        l.rowRange(0, p).transposedTimes(r.rowRange(0, p).copy().scaleRowsInPlace(cross));
    mixed.plusInPlace(-1, Matrix.identity(rank, Precision.DOUBLE));
    Matrix top = n.rowRange(0, rank);
    Matrix bottom = n.rowRange(rank, 2 * rank);
    top.columnRange(0, rank).assignTransposedProduct(l, l.copy().scaleRowsInPlace(own));
    top.columnRange(rank, 2 * rank).assign(mixed);
    bottom.columnRange(0, rank).assign(mixed.transposed());
    bottom.columnRange(rank, 2 * rank).assignTransposedProduct(r, r.copy().scaleRowsInPlace(own));
    return n;
  }

  /** The number of singular values of M above τ. */
  int singularValuesAbove() {
    int positive = 0;
    for (double value : SymmetricEigen.valuesOf(capacitance())) {
      positive += value > 0 ? 1 : 0;
    }
    return baseAbove + positive - update.l().cols();
  }

  /**
   * Solves (K − τ) [u; v] = [a; b] in place: one step of inverse iteration.
   *
   * @param u a on entry, as many as l has rows
   * @param v b on entry, as many as r has rows
   * @return false if τ is an eigenvalue to the last bit; u and v are of no use then
   */
  boolean solve(double[] u, double[] v) {
    applyBaseInverse(u, v);
    int rank = update.l().cols();
    Matrix small = Matrix.allocate(2 * rank, 1, Precision.DOUBLE);
    small.rowRange(0, rank).assign(update.l().transposedTimes(column(u)));
    small.rowRange(rank, 2 * rank).assign(update.r().transposedTimes(column(v)));
    if (!LinearSystem.solveInPlace(capacitance(), small)) {
      return false;
    }
    double[] du = update.l().times(small.rowRange(0, rank)).column(0);
    double[] dv = update.r().times(small.rowRange(rank, 2 * rank)).column(0);
    applyBaseInverse(du, dv);
    for (int i = 0; i < u.length; i++) {
      u[i] += du[i];
    }
    for (int i = 0; i < v.length; i++) {
      v[i] += dv[i];
    }
    return true;
  }

  /** (K0 − τ)⁻¹ [u; v] in place; coordinates beyond the base's have no partner. */
  void applyBaseInverse(double[] u, double[] v) {
    for (int i = 0; i < cross.length; i++) {
      double left = u[i];
      u[i] = -(own[i] * left + cross[i] * v[i]);
      v[i] = -(cross[i] * left + own[i] * v[i]);
    }
    for (int i = cross.length; i < u.length; i++) {
      u[i] *= -own[i];
    }
    for (int i = cross.length; i < v.length; i++) {
      v[i] *= -own[i];
    }
  }

  private static Matrix column(double[] values) {
    Matrix column = Matrix.allocate(values.length, 1, Precision.DOUBLE);
    column.setDoubles(0, values, values.length);
    return column;
  }
}
