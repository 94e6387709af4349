package io.github.intruders.linalg;

/**
 * What stands in a product: a matrix, or one that is read transposed without being copied. So
 * {@code a.t().times(b)} is aᵀ · b.
 */
public sealed interface Factor extends LinearOperator permits Matrix, Transposed {
  /** Rows as it stands in the product. */
  @Override
  int rows();

  /** Columns as it stands in the product. */
  @Override
  int cols();

  @Override
  default Precision precision() {
    return Product.matrix(this).precision();
  }

  /** The transpose of this factor; no copy. */
  @Override
  Factor t();

  /**
   * The product this · other: (m, k) · (k, n) is (m, n), a new matrix.
   *
   * @throws IllegalArgumentException if shapes or precisions don't fit
   */
  default Matrix times(Factor other) {
    return Matrix.allocate(rows(), other.cols(), precision()).assignProduct(this, other);
  }

  @Override
  default Matrix forth(Matrix x) {
    return times(x);
  }

  @Override
  default Matrix back(Matrix x) {
    return t().times(x);
  }

  @Override
  default Matrix rowsBack(Matrix x) {
    return x.times(this);
  }
}
