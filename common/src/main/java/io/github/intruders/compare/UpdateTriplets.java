package io.github.intruders.compare;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.BlockKrylov;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;

/**
 * An update ΔW = U diag(s) Vᵀ of one matrix by its singular triplets: all of them, or the leading
 * ones of a full fine-tune. Holds native memory of its own until it is freed.
 *
 * @param s ρ singular values, descending, those above max(m, n) · 2⁻⁵² · σ₁; none for no update
 * @param ut (ρ, m) in double precision, the left vectors as rows
 * @param vt (ρ, n) in double precision, the right vectors as rows
 * @param norm ‖ΔW‖_F
 * @param whole whether these are all triplets
 * @param content names the matrix ΔW by all its elements; null where the triplets are whole
 */
public record UpdateTriplets(
    double[] s, Matrix ut, Matrix vt, double norm, boolean whole, String content) {
  /** The largest residual of a leading triplet, relative to the largest singular value. */
  static final double RESIDUAL = 1e-7;

  /** Up to this size of the smaller side a dense decomposition is as cheap. */
  private static final int DENSE = 256;

  private static final int OVERSAMPLING = 8;
  private static final int MOST_STEPS = 24;

  /** Triplets that hold all but this of ‖ΔW‖² are whole. */
  private static final double NOTHING_LEFT = 1e-13;

  /**
   * All triplets of ΔW = b · a, without forming it.
   *
   * @param b (m, r) in double precision, any scale folded in
   * @param a (r, n) in double precision
   * @throws ArithmeticException if the product is not finite
   */
  public static UpdateTriplets ofFactors(Matrix b, Matrix a) {
    try (Arena arena = Arena.open()) {
      int m = b.rows();
      int n = a.cols();
      if (b.cols() > Math.min(m, n)) {
        Svd svd = decompose(b.times(a));
        return of(arena, svd.s(), svd.s().length, svd.u().transposed(), svd.vt(), m, n);
      }
      Matrix left = b.transposed();
      Matrix right = a.copy();
      Matrix core =
          OrthonormalBasis.ofRowsInPlace(left).times(OrthonormalBasis.ofRowsInPlace(right).t());
      Svd svd = decompose(core);
      return of(
          arena, svd.s(), svd.s().length, svd.u().t().times(left), svd.vt().times(right), m, n);
    }
  }

  /**
   * The leading triplets of a whole update. Where it has no more of them, they are whole.
   *
   * @param update (m, n) in double precision; stays as it is
   * @param leading how many are kept, at least 1
   * @param identity names the matrix: the same name draws the same random numbers
   * @param content names the update by all its elements
   * @param denseBytes is told the memory that a dense decomposition would take, before there is one
   * @throws ArithmeticException if the update is not finite
   */
  static UpdateTriplets ofWhole(
      Matrix update, int leading, String identity, String content, LongConsumer denseBytes) {
    try (Arena arena = Arena.open()) {
      double norm = update.frobeniusNorm();
      requireFinite(norm);
      int m = update.rows();
      int n = update.cols();
      if (norm == 0) {
        return of(
            arena,
            new double[0],
            0,
            Matrix.zeros(0, m, Precision.DOUBLE),
            Matrix.zeros(0, n, Precision.DOUBLE),
            m,
            n);
      }
      int k = Math.min(leading, update.minDimension());
      Svd svd = update.minDimension() > Math.max(DENSE, 8 * k) ? search(update, k, identity) : null;
      if (svd == null) {
        denseBytes.accept(LapackSvd.nativeBytes(m, n));
        svd = decompose(update);
      }
      UpdateTriplets found =
          of(
              arena,
              svd.s(),
              k,
              svd.u().columnRange(0, Math.min(k, svd.s().length)).transposed(),
              svd.vt(),
              m,
              n);
      double held = found.leadingNorm() / norm;
      boolean whole = k == update.minDimension() || 1 - held * held <= NOTHING_LEFT;
      return whole ? found : new UpdateTriplets(found.s, found.ut, found.vt, norm, false, content);
    }
  }

  /**
   * The leading triplets by a block Krylov method.
   *
   * @return null if they don't converge to {@link #RESIDUAL} within the steps there are
   */
  private static Svd search(Matrix update, int k, String identity) {
    int width = k + OVERSAMPLING;
    int steps = Math.min(MOST_STEPS, update.minDimension() / 2 / width);
    BlockKrylov search = new BlockKrylov(update, width, steps);
    Matrix next = start(update.cols(), width, identity);
    for (int step = 1; step <= steps; step++) {
      if (!search.forth(next)) {
        return null;
      }
      next = search.back();
      if (step > 2) {
        try (Arena arena = Arena.open()) {
          Svd inner = LapackSvd.DIVIDE_AND_CONQUER.decompose(search.projected());
          Matrix u = search.left().times(inner.u().columnRange(0, k));
          Matrix v = search.right().times(inner.vt().rowRange(0, k).t());
          double[] s = Arrays.copyOf(inner.s(), k);
          Matrix residuals = update.t().times(u).plusInPlace(-1, v.copy().scaleColumnsInPlace(s));
          if (Arrays.stream(residuals.columnNorms()).allMatch(norm -> norm <= RESIDUAL * s[0])) {
            return new Svd(arena.keep(u), s, arena.keep(v.transposed()));
          }
        }
      }
    }
    return null;
  }

  private static Matrix start(int rows, int cols, String identity) {
    return Gaussian.matrix(new SplittableRandom(identity.hashCode()), rows, cols);
  }

  private static Svd decompose(Matrix matrix) {
    requireFinite(matrix.frobeniusNorm());
    return LapackSvd.DIVIDE_AND_CONQUER.decompose(matrix);
  }

  private static void requireFinite(double norm) {
    if (!Double.isFinite(norm)) {
      throw new ArithmeticException("The update is NaN, infinite or too large");
    }
  }

  /** Keeps the first of the triplets that are no rounding, and no more than so many. */
  private static UpdateTriplets of(
      Arena arena, double[] s, int most, Matrix ut, Matrix vt, int rows, int cols) {
    int rank = 0;
    double floor = s.length == 0 ? 0 : Precision.DOUBLE.noiseFloor(s[0], Math.max(rows, cols));
    while (rank < Math.min(most, s.length) && s[rank] > floor) {
      rank++;
    }
    double[] kept = Arrays.copyOf(s, rank);
    return new UpdateTriplets(
        kept,
        arena.handOver(ut.rowRange(0, rank).copy()),
        arena.handOver(vt.rowRange(0, rank).copy()),
        Matrix.norm(kept),
        true,
        null);
  }

  /** Outputs of the matrix. */
  public int rows() {
    return ut.cols();
  }

  /** Inputs of the matrix. */
  public int cols() {
    return vt.cols();
  }

  /** How many triplets there are. */
  public int rank() {
    return s.length;
  }

  /** The norm of what the triplets hold. */
  public double leadingNorm() {
    return Matrix.norm(s);
  }

  /** Σ s. */
  public double nuclearNorm() {
    return Arrays.stream(s).sum();
  }

  /** The norm of what the triplets don't hold. */
  double restNorm() {
    double leading = leadingNorm();
    return whole ? 0 : Math.sqrt(Math.max(0, (norm - leading) * (norm + leading)));
  }

  /** Bytes of native memory. */
  public static long nativeBytes(int rows, int cols, int rank) {
    return ((long) rows + cols) * rank * Double.BYTES;
  }

  /** Frees the memory. */
  public void free() {
    ut.free();
    vt.free();
  }
}
