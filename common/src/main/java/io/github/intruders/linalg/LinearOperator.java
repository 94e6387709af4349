package io.github.intruders.linalg;

/**
 * A matrix M, (m, n), by its products with thin ones: all that a Krylov method asks of it. M may
 * lie somewhere else than in this process.
 */
public interface LinearOperator {
  /** m. */
  int rows();

  /** n. */
  int cols();

  /** What products are computed in, and what is multiplied has to be in. */
  Precision precision();

  /** M · x, for x (n, b): (m, b), a new matrix. */
  Matrix forth(Matrix x);

  /** Mᵀ · x, for x (m, b): (n, b), a new matrix. */
  Matrix back(Matrix x);

  /** The same of rows: x · M, for x (b, m): (b, n), a new matrix. */
  default Matrix rowsBack(Matrix x) {
    return back(x.transposed()).transposed();
  }

  /** Mᵀ; no copy. */
  default LinearOperator t() {
    return new TransposedOperator(this);
  }
}
