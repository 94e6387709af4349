package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_full.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_full.CblasTrans;
import static org.bytedeco.openblas.global.openblas_full.cblas_dgemv;
import static org.bytedeco.openblas.global.openblas_full.cblas_dnrm2;
import static org.bytedeco.openblas.global.openblas_full.cblas_sgemv;
import static org.bytedeco.openblas.global.openblas_full.cblas_snrm2;

/** Gram–Schmidt steps on single vectors, which are rows; by products of a matrix and a vector. */
public final class RowSpan {
  private RowSpan() {}

  /**
   * Takes the part in the span of orthonormal rows out of a vector, in place.
   *
   * @param basis (k, n), orthonormal rows without gaps between them
   * @param vector (1, n), of the same precision
   */
  public static void remove(Matrix basis, Matrix vector) {
    int k = basis.rows();
    int n = basis.cols();
    if (vector.rows() != 1 || vector.cols() != n || vector.precision() != basis.precision()) {
      throw new IllegalArgumentException("Cannot take %s out of %s".formatted(basis, vector));
    }
    if (k == 0) {
      return;
    }
    try (Arena arena = Arena.open()) {
      Matrix h = Matrix.allocate(1, k, basis.precision());
      int lead = basis.lead();
      if (basis.precision() == Precision.SINGLE) {
        cblas_sgemv(
            CblasRowMajor,
            CblasNoTrans,
            k,
            n,
            1,
            basis.floats(),
            lead,
            vector.floats(),
            1,
            0,
            h.floats(),
            1);
        cblas_sgemv(
            CblasRowMajor,
            CblasTrans,
            k,
            n,
            -1,
            basis.floats(),
            lead,
            h.floats(),
            1,
            1,
            vector.floats(),
            1);
      } else {
        cblas_dgemv(
            CblasRowMajor,
            CblasNoTrans,
            k,
            n,
            1,
            basis.doubles(),
            lead,
            vector.doubles(),
            1,
            0,
            h.doubles(),
            1);
        cblas_dgemv(
            CblasRowMajor,
            CblasTrans,
            k,
            n,
            -1,
            basis.doubles(),
            lead,
            h.doubles(),
            1,
            1,
            vector.doubles(),
            1);
      }
    }
  }

  /**
   * The Euclidean norm of a vector.
   *
   * @param vector (1, n)
   */
  public static double norm(Matrix vector) {
    if (vector.rows() != 1) {
      throw new IllegalArgumentException("Expected one row, found " + vector);
    }
    return vector.precision() == Precision.SINGLE
        ? cblas_snrm2(vector.cols(), vector.floats(), 1)
        : cblas_dnrm2(vector.cols(), vector.doubles(), 1);
  }
}
