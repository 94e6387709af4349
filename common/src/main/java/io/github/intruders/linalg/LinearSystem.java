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
   * @param b (1, order), contiguous; x on return
   * @return false if {@code a} is singular; {@code b} is of no use then
   */
  public static boolean solveInPlace(Matrix a, Matrix b) {
    if (a.rows() != a.cols() || b.rows() != 1 || b.cols() != a.rows()) {
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

  /**
   * Divides from the right, x = b · a⁻¹, by LU with row exchanges.
   *
   * @param b (m, order), contiguous, in double precision; x on return
   * @param a (order, order), contiguous, in double precision; stays as it is
   * @throws ArithmeticException if {@code a} is singular
   */
  public static void divideInPlace(Matrix b, Matrix a) {
    if (a.rows() != a.cols() || b.cols() != a.rows()) {
      throw new IllegalArgumentException("Cannot divide %s by %s".formatted(b, a));
    }
    b.requireContiguous(Precision.DOUBLE);
    a.requireContiguous(Precision.DOUBLE);
    try (Arena arena = Arena.open()) {
      Matrix work = a.copy();
      IntPointer pivots = new IntPointer(a.rows());
      // Read column by column, the memory holds aᵀ and bᵀ, and x · a = b is aᵀ · xᵀ = bᵀ.
      int info =
          LAPACKE_dgesv(
              LAPACK_COL_MAJOR,
              a.rows(),
              b.rows(),
              work.doubles(),
              a.rows(),
              pivots,
              b.doubles(),
              b.cols());
      if (info != 0) {
        throw new ArithmeticException("Cannot divide by %s: it is singular".formatted(a));
      }
    }
  }
}
