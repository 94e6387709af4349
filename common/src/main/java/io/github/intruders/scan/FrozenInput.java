package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.plan.UpdateSource;

/**
 * Signs that training left the input factor A of an adapter as it was: then ΔW = B A can write only
 * what A reads, and its intruders are those of a random projection, not of what was learnt (the
 * paper's figure 10).
 */
public enum FrozenInput {
  /** A equals that of the adapter before it in the chain, bit by bit. */
  REPEATED,

  /** All singular values of A are 1, up to rounding to a half: its rows are as initialised. */
  ORTHONORMAL;

  /** How far from 1 the squares may be: rows stored in BF16 stay within it. */
  private static final double ROUNDING = 1e-2;

  /**
   * What is told of the last adapter of a chain.
   *
   * @param a the rows of all its A, (Σ rank, inputs), those of the first adapter first
   * @return null where nothing tells of a frozen A, which does not prove that it was trained
   */
  static FrozenInput of(UpdateSource.LowRank chain, Matrix a) {
    int last = chain.chain().size() - 1;
    int rank = chain.chain().get(last).rank();
    int from = a.rows() - rank;
    if (last > 0
        && chain.chain().get(last - 1).rank() == rank
        && isSame(a, from - rank, from, rank)) {
      return REPEATED;
    }
    return rank > 1 && isOrthonormal(a, from, rank) ? ORTHONORMAL : null;
  }

  private static boolean isSame(Matrix a, int first, int second, int rows) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < a.cols(); j++) {
        if (a.get(first + i, j) != a.get(second + i, j)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isOrthonormal(Matrix a, int from, int rows) {
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k <= i; k++) {
        double dot = 0;
        for (int j = 0; j < a.cols(); j++) {
          dot += a.get(from + i, j) * a.get(from + k, j);
        }
        if (Math.abs(dot - (i == k ? 1 : 0)) > ROUNDING) {
          return false;
        }
      }
    }
    return true;
  }
}
