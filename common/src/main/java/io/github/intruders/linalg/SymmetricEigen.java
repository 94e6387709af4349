package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dsyequb;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dsyevd;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;

/**
 * The decomposition A = Xᵀ · diag(values) · X of a symmetric matrix.
 *
 * @param values ascending
 * @param vectors (n, n) in double precision, the eigenvectors as rows, in the values' order
 */
public record SymmetricEigen(double[] values, Matrix vectors) {

  /**
   * Values and vectors.
   *
   * @param a square, in double precision; only its upper triangle is read; stays as it is
   */
  public static SymmetricEigen of(Matrix a) {
    Matrix vectors = a.copy();
    return new SymmetricEigen(run((byte) 'V', vectors), vectors);
  }

  /** The values alone, ascending; see {@link #of}. */
  public static double[] valuesOf(Matrix a) {
    try (Arena arena = Arena.open()) {
      return run((byte) 'N', a.copy());
    }
  }

  /**
   * How many values are positive. The matrix is scaled from both sides first, which by Sylvester's
   * law of inertia changes no sign, so that rows of large numbers do not drown the small ones.
   *
   * @param a square, in double precision; only its upper triangle is read; stays as it is
   */
  public static int positiveValues(Matrix a) {
    try (Arena arena = Arena.open()) {
      Matrix scaled = a.copy();
      Matrix scales = Matrix.allocate(1, a.rows(), Precision.DOUBLE);
      DoublePointer condition = new DoublePointer(1);
      DoublePointer largest = new DoublePointer(1);
      int info =
          LAPACKE_dsyequb(
              LAPACK_COL_MAJOR,
              (byte) 'L',
              a.rows(),
              scaled.doubles(),
              a.rows(),
              scales.doubles(),
              condition,
              largest);
      double[] factors = scales.row(0);
      if (info == 0 && Arrays.stream(factors).allMatch(Double::isFinite)) {
        scaled.scaleRowsInPlace(factors).scaleColumnsInPlace(factors);
      }
      return (int) Arrays.stream(run((byte) 'N', scaled)).filter(value -> value > 0).count();
    }
  }

  private static double[] run(byte job, Matrix a) {
    if (a.rows() != a.cols() || a.precision() != Precision.DOUBLE) {
      throw new IllegalArgumentException("Expected a square double matrix, found " + a);
    }
    long start = System.nanoTime();
    try (Arena arena = Arena.open()) {
      Matrix values = Matrix.allocate(1, a.rows(), Precision.DOUBLE);
      // Row-major upper is column-major lower; columns of the result are our rows.
      int info =
          LAPACKE_dsyevd(
              LAPACK_COL_MAJOR, job, (byte) 'L', a.rows(), a.doubles(), a.rows(), values.doubles());
      if (info < 0) {
        throw new IllegalArgumentException(
            "LAPACK refused a %s matrix: info %d (are all elements finite?)".formatted(a, info));
      }
      if (info > 0) {
        throw new SvdConvergenceException("dsyevd", a, info);
      }
      return values.row(0);
    } finally {
      OpenBlas.decomposedSince(start);
    }
  }
}
