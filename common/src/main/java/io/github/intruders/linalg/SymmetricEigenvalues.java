package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dsyevd;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

/** Eigenvalues of a symmetric matrix. */
public final class SymmetricEigenvalues {
  private SymmetricEigenvalues() {}

  /**
   * All eigenvalues, ascending.
   *
   * @param a square, in double precision; only its upper triangle is read; stays as it is
   */
  public static double[] of(Matrix a) {
    if (a.rows() != a.cols() || a.precision() != Precision.DOUBLE) {
      throw new IllegalArgumentException("Expected a square double matrix, found " + a);
    }
    try (Arena arena = Arena.open()) {
      Matrix work = a.copy();
      Matrix values = Matrix.allocate(1, a.rows(), Precision.DOUBLE);
      // Row-major upper is column-major lower.
      int info =
          LAPACKE_dsyevd(
              LAPACK_COL_MAJOR,
              (byte) 'N',
              (byte) 'L',
              a.rows(),
              work.doubles(),
              a.rows(),
              values.doubles());
      if (info != 0) {
        throw new SvdConvergenceException("dsyevd", a, info);
      }
      return values.row(0);
    }
  }
}
