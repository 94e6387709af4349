package io.github.intruders.mitigation;

import io.github.intruders.linalg.Matrix;

/** What becomes of one tuned matrix W = W0 + ΔW; W' is the edited one. */
public sealed interface MatrixEdit {
  /** Whether W' starts from W0, so that this has to be read. */
  default boolean startsFromBase() {
    return this instanceof Scaled || this instanceof Replaced || this instanceof Outside;
  }

  /** W' = W: nothing is scaled, and no byte of it changes. */
  record Kept() implements MatrixEdit {}

  /**
   * W' = W + p · qᵀ.
   *
   * @param p (m, j) in double precision, as long in each column as {@code q}
   * @param q (n, j) in double precision
   */
  record Added(Matrix p, Matrix q) implements MatrixEdit {
    public Added {
      if (p.cols() != q.cols() || p.cols() == 0) {
        throw new IllegalArgumentException("Cannot add the product of %s and %sᵀ".formatted(p, q));
      }
    }
  }

  /**
   * W' = W0 + factor · ΔW.
   *
   * @param factor 0 or positive
   */
  record Scaled(double factor) implements MatrixEdit {}

  /**
   * W' = W + factor · (1 − u uᵀ) ΔW (1 − v vᵀ): what of the update lies outside some directions is
   * scaled.
   *
   * @param factor −1 removes it
   * @param u (m, j) in double precision, orthonormal columns, one or more
   * @param v (n, j) in double precision, orthonormal columns
   */
  record Outside(double factor, Matrix u, Matrix v) implements MatrixEdit {}

  /**
   * W' = W0 + b · a: another update, that of an adapter in the rank it had.
   *
   * @param b (m, R) in double precision
   * @param a (R, n) in double precision
   */
  record Replaced(Matrix b, Matrix a) implements MatrixEdit {}
}
