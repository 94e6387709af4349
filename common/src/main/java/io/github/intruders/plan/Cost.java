package io.github.intruders.plan;

import java.io.Serializable;

/**
 * What a piece of work is expected to take.
 *
 * @param flops floating-point operations
 * @param bytesRead bytes from storage
 * @param nativeBytes peak native memory
 */
public record Cost(double flops, long bytesRead, long nativeBytes) implements Serializable {
  private static final int SEARCH_VECTORS = 600;

  /** Nothing. */
  public static final Cost NONE = new Cost(0, 0, 0);

  /** One after the other: flops and bytes add up, memory is the larger of the two. */
  public Cost then(Cost next) {
    return new Cost(
        flops + next.flops, bytesRead + next.bytesRead, Math.max(nativeBytes, next.nativeBytes));
  }

  /** The base's decomposition, by divide and conquer in double precision. */
  public static Cost ofSpectrum(BaseMatrix base) {
    long bytes = base.source().lengthBytes();
    return new Cost(denseFlops(base), bytes, denseBytes(base) + spectrumBytes(base));
  }

  /** One checkpoint's matrix, by the dense route; the base's decomposition is at hand. */
  public static Cost ofDenseScan(MatrixPlan plan) {
    BaseMatrix base = plan.base();
    boolean lowRank = plan.update() instanceof UpdateSource.LowRank;
    double statistics = lowRank ? 0 : denseFlops(base) / 3;
    return new Cost(
        denseFlops(base) + statistics,
        plan.updateBytes() + base.source().lengthBytes(),
        denseBytes(base) + 2 * spectrumBytes(base));
  }

  /**
   * Peak native memory of one task that scans checkpoints of a base matrix whose decomposition is
   * stored: U0 and V0ᵀ and the larger of two routes. Stacked adapters take their factors in double
   * and in single precision and their coordinates; a full fine-tune W, W0, the search spaces and
   * two Gram matrices.
   *
   * @param stackColumns how many columns of adapters stand side by side
   */
  public static long scanBytes(BaseMatrix base, int stackColumns) {
    long p = base.minDimension();
    long m = base.source().rows();
    long n = base.source().cols();
    long adapters = stackColumns * ((m + n) * (Double.BYTES + Float.BYTES) + 2 * p * 24);
    long full = 2 * Float.BYTES * m * n + SEARCH_VECTORS * Float.BYTES * (m + n) + 16 * p * p;
    return spectrumBytes(base) + Math.max(adapters, full);
  }

  /** Peak native memory of the last step for a tall matrix in blocks of rows: n × n sums. */
  public static long blockwiseBytes(BaseMatrix base) {
    long n = base.source().cols();
    return 8 * Double.BYTES * n * n;
  }

  /** A thin decomposition with R-SVD: 6 q p² + 20 p³ for a q × p matrix, q ≥ p. */
  private static double denseFlops(BaseMatrix base) {
    double p = base.minDimension();
    double q = Math.max(base.source().rows(), base.source().cols());
    return 6 * q * p * p + 20 * p * p * p;
  }

  /** W0, W, LAPACK's copy, U and Vᵀ, and its work space of about 4 p², in double precision. */
  private static long denseBytes(BaseMatrix base) {
    long p = base.minDimension();
    long q = Math.max(base.source().rows(), base.source().cols());
    return Double.BYTES * (4 * q * p + 5 * p * p);
  }

  /** U0, S0 and V0ᵀ as they are kept, in single precision. */
  private static long spectrumBytes(BaseMatrix base) {
    long p = base.minDimension();
    long q = Math.max(base.source().rows(), base.source().cols());
    return Float.BYTES * (q * p + p * p + 2 * p);
  }
}
