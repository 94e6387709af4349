package io.github.intruders.linalg;

/** Decomposes whole matrices. Implementations are stateless and thread-safe. */
public interface SvdSolver {
  /**
   * Decomposes {@code a}, which stays as it is; all its elements must be finite.
   *
   * @param a (m, n), any shape with m, n at least 1
   * @return new matrices in {@code a}'s precision
   * @throws SvdConvergenceException if the iteration does not converge
   */
  Svd decompose(Matrix a);

  /**
   * The singular values alone, descending; same conditions as {@link #decompose}.
   *
   * @return min(m, n) values
   */
  double[] singularValues(Matrix a);
}
