package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SymmetricEigenvalues;

/**
 * How many singular values of M = diag(S0) + l · rᵀ lie above a bound, without finding any.
 *
 * <p>The singular values of M are the positive eigenvalues of K = K0 + Z C Zᵀ with K0 = [0 D; Dᵀ
 * 0], Z = l ⊕ r, C = [0 I; I 0]. Haynsworth's inertia additivity on the bordered matrix [K0 − τ, Z;
 * Zᵀ, −C⁻¹] gives, with n₊ the number of positive eigenvalues,
 *
 * <pre>n₊(K − τ) = n₊(K0 − τ) + n₊(−C − Zᵀ (K0 − τ)⁻¹ Z) − R</pre>
 *
 * where n₊(K0 − τ) is the number of base singular values above τ, and the other matrix is of order
 * 2R.
 */
final class SingularValueCount {
  private final double[] s0;
  private final Matrix l;
  private final Matrix r;

  SingularValueCount(double[] s0, CoordinateUpdate update) {
    this.s0 = s0;
    this.l = update.l();
    this.r = update.r();
  }

  /**
   * The number of singular values above {@code tau}.
   *
   * @param tau positive; moved by a hair where it meets a base singular value
   */
  int above(double tau) {
    int p = s0.length;
    int rank = l.cols();
    double[] own = new double[Math.max(l.rows(), r.rows())];
    double[] cross = new double[p];
    int baseAbove = 0;
    for (int i = 0; i < own.length; i++) {
      double s = i < p ? s0[i] : 0;
      double determinant = tau * tau - s * s;
      if (Math.abs(determinant) < 4 * Math.ulp(tau * tau)) {
        determinant = 4 * Math.ulp(tau * tau);
      }
      baseAbove += determinant < 0 ? 1 : 0;
      own[i] = tau / determinant;
      if (i < p) {
        cross[i] = s / determinant;
      }
    }
    Matrix g = Matrix.zeros(2 * rank, 2 * rank, Precision.DOUBLE);
    g.rowRange(0, rank).columnRange(0, rank).assign(weighted(l, own, l));
    g.rowRange(rank, 2 * rank).columnRange(rank, 2 * rank).assign(weighted(r, own, r));
    Matrix mixed = weighted(l.rowRange(0, p), cross, r.rowRange(0, p));
    g.rowRange(0, rank).columnRange(rank, 2 * rank).assign(mixed);
    for (int i = 0; i < rank; i++) {
      g.set(i, rank + i, g.get(i, rank + i) - 1);
    }
    g.rowRange(rank, 2 * rank)
        .columnRange(0, rank)
        .assign(g.rowRange(0, rank).columnRange(rank, 2 * rank).transposed());
    int positive = 0;
    for (double value : SymmetricEigenvalues.of(g)) {
      positive += value > 0 ? 1 : 0;
    }
    return baseAbove + positive - rank;
  }

  /** aᵀ · diag(weights) · b. */
  private static Matrix weighted(Matrix a, double[] weights, Matrix b) {
    return a.transposedTimes(b.copy().scaleRowsInPlace(weights));
  }
}
