package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_full.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_full.CblasTrans;
import static org.bytedeco.openblas.global.openblas_full.CblasUpper;
import static org.bytedeco.openblas.global.openblas_full.cblas_dgemm;
import static org.bytedeco.openblas.global.openblas_full.cblas_dgemv;
import static org.bytedeco.openblas.global.openblas_full.cblas_dsyrk;
import static org.bytedeco.openblas.global.openblas_full.cblas_sgemm;

/** Products by BLAS, into a matrix that is there. */
final class Product {
  private Product() {}

  /** The matrix that a factor reads. */
  static Matrix matrix(Factor factor) {
    return factor instanceof Transposed transposed ? transposed.of() : (Matrix) factor;
  }

  /** {@code c = beta · c + alpha · a · b}. */
  static void into(Matrix c, double beta, double alpha, Factor a, Factor b) {
    if (a.cols() != b.rows() || c.rows() != a.rows() || c.cols() != b.cols()) {
      throw new IllegalArgumentException("Cannot multiply %s by %s into %s".formatted(a, b, c));
    }
    Matrix left = matrix(a);
    Matrix right = matrix(b);
    if (left.precision() != c.precision() || right.precision() != c.precision()) {
      throw new IllegalArgumentException(
          "Cannot multiply %s by %s into %s: precisions differ".formatted(left, right, c));
    }
    if (c.rows() == 0 || c.cols() == 0) {
      return;
    }
    if (c.precision() == Precision.SINGLE && ThinProduct.suits(a, b)) {
      ThinProduct.into(c, beta, alpha, a, b);
    } else if (c.precision() == Precision.SINGLE) {
      cblas_sgemm(
          CblasRowMajor,
          flag(a),
          flag(b),
          c.rows(),
          c.cols(),
          a.cols(),
          (float) alpha,
          left.floats(),
          left.lead(),
          right.floats(),
          right.lead(),
          (float) beta,
          c.floats(),
          c.lead());
    } else if (c.cols() == 1 && a.cols() > 0 && b instanceof Matrix) {
      cblas_dgemv(
          CblasRowMajor,
          flag(a),
          left.rows(),
          left.cols(),
          alpha,
          left.doubles(),
          left.lead(),
          right.doubles(),
          right.lead(),
          beta,
          c.doubles(),
          c.lead());
    } else {
      cblas_dgemm(
          CblasRowMajor,
          flag(a),
          flag(b),
          c.rows(),
          c.cols(),
          a.cols(),
          alpha,
          left.doubles(),
          left.lead(),
          right.doubles(),
          right.lead(),
          beta,
          c.doubles(),
          c.lead());
    }
  }

  /** {@code c = c + aᵀ · a}, of which the upper triangle alone is written; in double precision. */
  static void gramInto(Matrix c, Matrix a) {
    if (c.rows() != a.cols() || c.cols() != a.cols()) {
      throw new IllegalArgumentException("Cannot add %sᵀ %s to %s".formatted(a, a, c));
    }
    cblas_dsyrk(
        CblasRowMajor,
        CblasUpper,
        CblasTrans,
        a.cols(),
        a.rows(),
        1,
        a.doubles(),
        a.lead(),
        1,
        c.doubles(),
        c.lead());
  }

  private static int flag(Factor factor) {
    return factor instanceof Transposed ? CblasTrans : CblasNoTrans;
  }
}
