package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dgeqrf;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dorgqr;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sgeqrf;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sorgqr;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

/**
 * A thin QR factorisation X = Q · R of a tall matrix, by Householder reflections.
 *
 * @param q (n, b), orthonormal columns spanning those of X (and more, where X lacks rank)
 * @param r (b, b), upper triangular
 */
public record OrthonormalBasis(Matrix q, Matrix r) {

  /**
   * Factorises {@code x}, which stays as it is.
   *
   * @param x (n, b) with b ≤ n
   */
  public static OrthonormalBasis of(Matrix x) {
    Matrix rows = x.transposed();
    Matrix r = ofRowsInPlace(rows);
    return new OrthonormalBasis(rows.transposed(), r);
  }

  /**
   * Factorises a matrix that is kept transposed, vector by vector, and overwrites it with Qᵀ.
   *
   * @param rows Xᵀ, (b, n) with b ≤ n, contiguous; Qᵀ on return
   * @return r
   */
  public static Matrix ofRowsInPlace(Matrix rows) {
    int b = rows.rows();
    int n = rows.cols();
    Matrix tau = Matrix.allocate(1, b, rows.precision());
    Matrix r = factorise(rows, tau);
    if (b == 0) {
      return r;
    }
    int info =
        rows.precision() == Precision.SINGLE
            ? LAPACKE_sorgqr(LAPACK_COL_MAJOR, n, b, b, rows.floats(), n, tau.floats())
            : LAPACKE_dorgqr(LAPACK_COL_MAJOR, n, b, b, rows.doubles(), n, tau.doubles());
    requireSuccess("orgqr", rows, info);
    return r;
  }

  /**
   * The factor R alone, of a matrix that is kept transposed.
   *
   * @param rows Xᵀ, (b, n) with b ≤ n; stays as it is
   */
  public static Matrix triangleOfRows(Matrix rows) {
    try (Arena arena = Arena.open()) {
      return arena.keep(factorise(rows.copy(), Matrix.allocate(1, rows.rows(), rows.precision())));
    }
  }

  /** The rows of Xᵀ are the columns of X, one behind the other, as LAPACK wants them. */
  private static Matrix factorise(Matrix rows, Matrix tau) {
    int b = rows.rows();
    int n = rows.cols();
    if (b > n) {
      throw new IllegalArgumentException(
          "Cannot orthonormalise more columns than rows: %dx%d".formatted(n, b));
    }
    rows.requireContiguous(rows.precision());
    Matrix r = Matrix.zeros(b, b, rows.precision());
    if (b == 0) {
      return r;
    }
    int info =
        rows.precision() == Precision.SINGLE
            ? LAPACKE_sgeqrf(LAPACK_COL_MAJOR, n, b, rows.floats(), n, tau.floats())
            : LAPACKE_dgeqrf(LAPACK_COL_MAJOR, n, b, rows.doubles(), n, tau.doubles());
    requireSuccess("geqrf", rows, info);
    for (int i = 0; i < b; i++) {
      for (int j = i; j < b; j++) {
        r.set(i, j, rows.get(j, i));
      }
    }
    return r;
  }

  private static void requireSuccess(String routine, Matrix rows, int info) {
    if (info != 0) {
      throw new IllegalArgumentException(
          "%s refused %d vectors of length %d: info %d (are all elements finite?)"
              .formatted(routine, rows.rows(), rows.cols(), info));
    }
  }
}
