package io.github.intruders.accumulation;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.scan.TunedVectors;

/**
 * How early a sequence of tunings has found the subspace that it ends in: ‖V_k(t)ᵀ V_k(T)‖²_F / k,
 * with V_k(t) the k leading right singular vectors of the tuned matrix after step t, and T the last
 * step. 1 where the two span the same space, 0 where they have nothing in common. (arXiv 2606.07082
 * follows the vectors of ΔW in the same way; these are those of W.)
 */
public final class SubspaceLocking {
  private static final double UNIT = 0.5;

  private final Matrix last;

  /**
   * @param last the vectors of step T; they stay the caller's, who may not free them before this is
   *     out of use
   */
  public SubspaceLocking(TunedVectors last) {
    this.last = last.v();
  }

  /**
   * Compares a step with the last one.
   *
   * @return null where one of the two has fewer than k directions, or another k
   */
  public Double of(TunedVectors step) {
    Matrix v = step.v();
    if (v.cols() != last.cols() || v.rows() != last.rows() || !isFull(v) || !isFull(last)) {
      return null;
    }
    try (Arena arena = Arena.open()) {
      double norm = v.to(Precision.DOUBLE).t().times(last.to(Precision.DOUBLE)).frobeniusNorm();
      return Math.min(1, norm * norm / v.cols());
    }
  }

  /** Whether no column is zero, which stands for a vector without a direction. */
  private static boolean isFull(Matrix vectors) {
    for (double norm : vectors.columnNorms()) {
      if (norm < UNIT) {
        return false;
      }
    }
    return true;
  }
}
