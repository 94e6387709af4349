package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dsyevd;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

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

  private static double[] run(byte job, Matrix a) {
    if (a.rows() != a.cols() || a.precision() != Precision.DOUBLE) {
      throw new IllegalArgumentException("Expected a square double matrix, found " + a);
    }
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
    }
  }
}
