package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dgeqrf;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dorgqr;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sgeqrf;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sorgqr;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

/**
 * A thin QR factorisation X = Q · R of a tall matrix.
 *
 * @param q (n, b), orthonormal columns spanning those of X (and more, where X lacks rank)
 * @param r (b, b), upper triangular
 */
public record OrthonormalBasis(Matrix q, Matrix r) {

  /**
   * Factorises {@code x} by Householder reflections; {@code x} stays as it is.
   *
   * @param x (n, b) with b ≤ n
   */
  public static OrthonormalBasis of(Matrix x) {
    int n = x.rows();
    int b = x.cols();
    if (b > n) {
      throw new IllegalArgumentException("Cannot orthonormalise more columns than rows: " + x);
    }
    if (b == 0) {
      return new OrthonormalBasis(x.copy(), Matrix.zeros(0, 0, x.precision()));
    }
    // The rows of Xᵀ are the columns of X, one behind the other, as LAPACK wants them.
    Matrix columns = x.transposed();
    Matrix tau = Matrix.allocate(1, b, x.precision());
    int info =
        x.precision() == Precision.SINGLE
            ? LAPACKE_sgeqrf(LAPACK_COL_MAJOR, n, b, columns.floats(), n, tau.floats())
            : LAPACKE_dgeqrf(LAPACK_COL_MAJOR, n, b, columns.doubles(), n, tau.doubles());
    requireSuccess("geqrf", x, info);
    Matrix r = Matrix.zeros(b, b, x.precision());
    for (int i = 0; i < b; i++) {
      for (int j = i; j < b; j++) {
        r.set(i, j, columns.get(j, i));
      }
    }
    info =
        x.precision() == Precision.SINGLE
            ? LAPACKE_sorgqr(LAPACK_COL_MAJOR, n, b, b, columns.floats(), n, tau.floats())
            : LAPACKE_dorgqr(LAPACK_COL_MAJOR, n, b, b, columns.doubles(), n, tau.doubles());
    requireSuccess("orgqr", x, info);
    return new OrthonormalBasis(columns.transposed(), r);
  }

  private static void requireSuccess(String routine, Matrix x, int info) {
    if (info != 0) {
      throw new IllegalArgumentException(
          "%s refused a %s matrix: info %d (are all elements finite?)".formatted(routine, x, info));
    }
  }
}
