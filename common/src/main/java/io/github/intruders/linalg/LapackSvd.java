package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dgesdd;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dgesvd;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sgesdd;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sgesvd;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * LAPACK's dense decompositions.
 *
 * <p>LAPACK reads memory column by column, so it sees our row-major A as Aᵀ = V · diag(s) · Uᵀ.
 * What it returns as its left vectors, read row-major, is our Vᵀ, and the other way round: no
 * matrix is ever transposed.
 */
public enum LapackSvd implements SvdSolver {
  /** Divide and conquer ({@code xGESDD}): the fast one; falls back to QR iteration. */
  DIVIDE_AND_CONQUER,
  /** QR iteration ({@code xGESVD}): slower, converges where divide and conquer may not. */
  QR_ITERATION;

  @Override
  public String toString() {
    return this == DIVIDE_AND_CONQUER ? "gesdd" : "gesvd";
  }

  /**
   * Peak native memory of a decomposition in double precision: the matrix, LAPACK's copy, U and Vᵀ,
   * and work space of about 4 p².
   */
  public static long nativeBytes(int rows, int cols) {
    long p = Math.min(rows, cols);
    long q = Math.max(rows, cols);
    return Double.BYTES * (4 * q * p + 5 * p * p);
  }

  @Override
  public Svd decompose(Matrix a) {
    int p = a.minDimension();
    Matrix u = Matrix.allocate(a.rows(), p, a.precision());
    Matrix vt = Matrix.allocate(p, a.cols(), a.precision());
    double[] s = run((byte) 'S', a, u, vt);
    return new Svd(u, s, vt);
  }

  @Override
  public double[] singularValues(Matrix a) {
    Matrix none = Matrix.allocate(1, 1, a.precision());
    return run((byte) 'N', a, none, none);
  }

  private double[] run(byte job, Matrix a, Matrix u, Matrix vt) {
    if (a.minDimension() == 0) {
      throw new IllegalArgumentException("Cannot decompose an empty matrix: " + a);
    }
    long start = System.nanoTime();
    try (Arena arena = Arena.open()) {
      int p = a.minDimension();
      Matrix work = a.copy(); // LAPACK destroys its input
      Matrix s = Matrix.allocate(1, p, a.precision());
      int info = this == DIVIDE_AND_CONQUER ? gesdd(job, work, s, u, vt) : 1;
      if (info > 0) {
        work = a.copy();
        info = gesvd(job, work, s, u, vt);
      }
      if (info > 0) {
        throw new SvdConvergenceException("gesvd", a, info);
      }
      if (info < 0) {
        throw new IllegalArgumentException(
            "LAPACK refused a %s matrix: info %d (are all elements finite?)".formatted(a, info));
      }
      return s.row(0);
    } finally {
      OpenBlas.decomposedSince(start);
    }
  }

  private static int gesdd(byte job, Matrix a, Matrix s, Matrix u, Matrix vt) {
    int m = a.cols();
    int n = a.rows();
    int ldu = vt.cols();
    int ldvt = u.cols();
    return a.precision() == Precision.SINGLE
        ? LAPACKE_sgesdd(
            LAPACK_COL_MAJOR,
            job,
            m,
            n,
            a.floats(),
            m,
            s.floats(),
            vt.floats(),
            ldu,
            u.floats(),
            ldvt)
        : LAPACKE_dgesdd(
            LAPACK_COL_MAJOR,
            job,
            m,
            n,
            a.doubles(),
            m,
            s.doubles(),
            vt.doubles(),
            ldu,
            u.doubles(),
            ldvt);
  }

  private static int gesvd(byte job, Matrix a, Matrix s, Matrix u, Matrix vt) {
    int m = a.cols();
    int n = a.rows();
    int ldu = vt.cols();
    int ldvt = u.cols();
    long unconverged = a.minDimension();
    return a.precision() == Precision.SINGLE
        ? LAPACKE_sgesvd(
            LAPACK_COL_MAJOR,
            job,
            job,
            m,
            n,
            a.floats(),
            m,
            s.floats(),
            vt.floats(),
            ldu,
            u.floats(),
            ldvt,
            new FloatPointer(unconverged))
        : LAPACKE_dgesvd(
            LAPACK_COL_MAJOR,
            job,
            job,
            m,
            n,
            a.doubles(),
            m,
            s.doubles(),
            vt.doubles(),
            ldu,
            u.doubles(),
            ldvt,
            new DoublePointer(unconverged));
  }
}
