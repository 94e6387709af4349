package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dgesv;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

import org.bytedeco.javacpp.IntPointer;

/** Small square systems of equations. */
public final class LinearSystem {
  private LinearSystem() {}

  /**
   * Solves a · x = b for one right-hand side, by LU with row exchanges.
   *
   * @param a symmetric, in double precision; stays as it is
   * @param b (order, 1), contiguous; x on return
   * @return false if {@code a} is singular; {@code b} is of no use then
   */
  public static boolean solveInPlace(Matrix a, Matrix b) {
    if (a.rows() != a.cols() || b.rows() != a.rows() || b.cols() != 1) {
      throw new IllegalArgumentException("Cannot solve %s for %s".formatted(a, b));
    }
    b.requireContiguous(Precision.DOUBLE);
    try (Arena arena = Arena.open()) {
      Matrix work = a.copy(); // symmetric, so that row-major and column-major are the same
      IntPointer pivots = new IntPointer(a.rows());
      int info =
          LAPACKE_dgesv(
              LAPACK_COL_MAJOR,
              a.rows(),
              1,
              work.doubles(),
              a.rows(),
              pivots,
              b.doubles(),
              a.rows());
      return info == 0;
    }
  }
}
