package io.github.intruders.linalg;

/**
 * What stands in a product: a matrix, or one that is read transposed without being copied. So
 * {@code a.t().times(b)} is aᵀ · b.
 */
public sealed interface Factor permits Matrix, Transposed {
  /** Rows as it stands in the product. */
  int rows();

  /** Columns as it stands in the product. */
  int cols();

  /** The transpose of this factor; no copy. */
  Factor t();

  /**
   * The product this · other: (m, k) · (k, n) is (m, n), a new matrix.
   *
   * @throws IllegalArgumentException if shapes or precisions don't fit
   */
  default Matrix times(Factor other) {
    Precision precision = Product.matrix(this).precision();
    return Matrix.allocate(rows(), other.cols(), precision).assignProduct(this, other);
  }
}
