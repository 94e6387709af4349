package io.github.intruders.mitigation;

import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.Arrays;

/**
 * A matrix b · a of low rank that is never formed.
 *
 * @param b (m, R) in double precision
 * @param a (R, n) in double precision
 */
record LowRankProduct(Matrix b, Matrix a) {
  LowRankProduct {
    if (b.cols() != a.rows()) {
      throw new IllegalArgumentException("Cannot multiply %s by %s".formatted(b, a));
    }
  }

  /** The product p · qᵀ. */
  static LowRankProduct outer(Matrix p, Matrix q) {
    return new LowRankProduct(p, q.transposed());
  }

  /** No update at all. */
  static LowRankProduct zero(int rows, int cols) {
    return new LowRankProduct(
        Matrix.zeros(rows, 0, Precision.DOUBLE), Matrix.zeros(0, cols, Precision.DOUBLE));
  }

  int rank() {
    return b.cols();
  }

  /** This + factor · other, the factors side by side. */
  LowRankProduct plus(double factor, LowRankProduct other) {
    int from = rank();
    int to = from + other.rank();
    Matrix left = Matrix.allocate(b.rows(), to, Precision.DOUBLE);
    Matrix right = Matrix.allocate(to, a.cols(), Precision.DOUBLE);
    left.columnRange(0, from).assign(b);
    left.columnRange(from, to).assign(other.b).scaleInPlace(factor);
    right.rowRange(0, from).assign(a);
    right.rowRange(from, to).assign(other.a);
    return new LowRankProduct(left, right);
  }

  LowRankProduct scaled(double factor) {
    return new LowRankProduct(b.copy().scaleInPlace(factor), a);
  }

  /** ‖b · a‖_F, accurate also where the terms of the product cancel. */
  double norm() {
    return rank() == 0 ? 0 : leftBasis().r().times(rightBasis().r().t()).frobeniusNorm();
  }

  /** (1 − u uᵀ) · b · a · (1 − v vᵀ): what lies outside the directions of u and v. */
  LowRankProduct outside(Matrix u, Matrix v) {
    return new LowRankProduct(
        b.copy().plusProductInPlace(-1, u, u.t().times(b)),
        a.copy().plusProductInPlace(-1, a.times(v), v.t()));
  }

  /** The singular values, descending: as many as min(m, n), from the rank on zeros. */
  double[] singularValues() {
    int count = Math.min(b.rows(), a.cols());
    return rank() == 0
        ? new double[count]
        : Arrays.copyOf(
            LapackSvd.DIVIDE_AND_CONQUER.singularValues(
                leftBasis().r().times(rightBasis().r().t())),
            count);
  }

  /**
   * The nearest matrix of at most this rank, in the Frobenius norm (Eckart and Young), with factors
   * of equal size: b has the left singular vectors times √σ, a the right ones.
   */
  LowRankProduct best(int rank) {
    return best(rank, rank);
  }

  /**
   * The same in factors of another rank, filled up with zeros.
   *
   * @param values how many singular values are kept at most
   * @param rank of the factors, at least as many
   */
  LowRankProduct best(int values, int rank) {
    OrthonormalBasis left = leftBasis();
    OrthonormalBasis right = rightBasis();
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(left.r().times(right.r().t()));
    int kept = Math.min(values, svd.s().length);
    double[] roots = Arrays.stream(svd.s()).limit(kept).map(Math::sqrt).toArray();
    Matrix bestB = Matrix.zeros(b.rows(), rank, Precision.DOUBLE);
    Matrix bestA = Matrix.zeros(rank, a.cols(), Precision.DOUBLE);
    bestB
        .columnRange(0, kept)
        .assign(left.q().times(svd.u().columnRange(0, kept)).scaleColumnsInPlace(roots));
    bestA
        .rowRange(0, kept)
        .assign(svd.vt().rowRange(0, kept).times(right.q().t()).scaleRowsInPlace(roots));
    return new LowRankProduct(bestB, bestA);
  }

  private OrthonormalBasis leftBasis() {
    return basis(b);
  }

  private OrthonormalBasis rightBasis() {
    return basis(a.transposed());
  }

  /** A wide matrix is its own triangle over the unit vectors. */
  private static OrthonormalBasis basis(Matrix x) {
    return x.cols() <= x.rows()
        ? OrthonormalBasis.of(x)
        : new OrthonormalBasis(Matrix.identity(x.rows(), Precision.DOUBLE), x);
  }
}
