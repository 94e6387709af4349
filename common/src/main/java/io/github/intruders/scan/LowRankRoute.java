package io.github.intruders.scan;

import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import io.github.intruders.spectra.SingularValues;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * The leading triplets of M = diag(S0) + l · rᵀ, the tuned matrix in the base's coordinates, by a
 * block of Rayleigh quotient iterations with a common search space (a rational Krylov method).
 *
 * <p>The search spaces are split in a head, the first q coordinate axes, which are never stored,
 * and a tail of orthonormal vectors on the remaining coordinates, which starts with the range of l
 * (left) and of r (right). Each round solves the small projected problem and adds to both tails,
 * for every triplet that is not there yet, a Davidson correction or, nearer the solution, one step
 * of inverse iteration at its own σ, exact by {@link ShiftedUpdate}. Three or four rounds suffice.
 *
 * <p>Two certificates stand behind a result: the residuals of all triplets, and a count. The number
 * of singular values of M above any τ is known exactly, so that none larger can have been missed.
 * Where either fails there is no result.
 */
final class LowRankRoute {
  static final String NAME = "low-rank";

  private static final double TOLERANCE = 1e-9;
  private static final double COUNT_MARGIN = 1e-7;
  private static final double COARSE = 0.05;
  private static final double DEPENDENT = 1e-6;
  private static final int MAX_ROUNDS = 20;
  private static final int MIN_HEAD = 24;

  /**
   * Whether the search space, with room to grow, fits into the whole one.
   *
   * @param minDimension p of the base
   * @param rank R, of the whole chain
   */
  static boolean suits(int minDimension, int rank, int k) {
    return rank > 0 && head(minDimension, k) + rank + 4 * k <= minDimension;
  }

  private static int head(int minDimension, int k) {
    return Math.min(minDimension, Math.max(MIN_HEAD, 2 * k + 8));
  }

  /**
   * Finds the {@code k} leading triplets.
   *
   * @return nothing if a certificate failed
   */
  Optional<TunedSpectrum> solve(SingularValues base, CoordinateUpdate update, int k) {
    Search search = new Search(base.s(), update, k, head(base.minDimension(), k));
    int maxDimension = Math.max(base.rows(), base.cols());
    for (int round = 0; round < MAX_ROUNDS; round++) {
      search.project();
      if (search.sigma[k - 1] <= Residuals.noiseFloor(search.sigma[0], maxDimension)) {
        return Optional.empty(); // fewer than k directions: nothing relative can be certified
      }
      search.measure();
      if (search.worst() <= TOLERANCE) {
        return search.missesNone() ? Optional.of(search.result()) : Optional.empty();
      }
      if (!search.expand()) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** The search spaces and the current approximations. */
  private static final class Search {
    private final double[] s0;
    private final CoordinateUpdate update;
    private final int k;
    private final int p;
    private final int q;
    private final Matrix leftHead;
    private final Matrix rightHead;
    private final Matrix leftTailFactor;
    private final Matrix rightTailFactor;
    private Matrix tailLeft;
    private Matrix tailRight;

    private double[] sigma;
    private Matrix headU;
    private Matrix headV;
    private Matrix tailU;
    private Matrix tailV;
    private Matrix residualLeft;
    private Matrix residualRight;
    private double[] residuals;

    Search(double[] s0, CoordinateUpdate update, int k, int q) {
      this.s0 = s0;
      this.update = update;
      this.k = k;
      this.p = s0.length;
      this.q = q;
      leftHead = update.l().rowRange(0, q);
      rightHead = update.r().rowRange(0, q);
      leftTailFactor = update.l().rowRange(q, update.l().rows()).copy();
      rightTailFactor = update.r().rowRange(q, update.r().rows()).copy();
      tailLeft = OrthonormalBasis.of(leftTailFactor).q();
      tailRight = OrthonormalBasis.of(rightTailFactor).q();
    }

    /** Solves the projected problem and lifts its k leading triplets. */
    void project() {
      Matrix leftCoupling = tailLeft.transposedTimes(leftTailFactor);
      Matrix rightCoupling = tailRight.transposedTimes(rightTailFactor);
      int tails = tailLeft.cols();
      Matrix h = Matrix.zeros(q + tails, q + tails, Precision.DOUBLE);
      Matrix l = Matrix.allocate(q + tails, update.l().cols(), Precision.DOUBLE);
      Matrix r = Matrix.allocate(q + tails, update.r().cols(), Precision.DOUBLE);
      l.rowRange(0, q).assign(leftHead);
      l.rowRange(q, q + tails).assign(leftCoupling);
      r.rowRange(0, q).assign(rightHead);
      r.rowRange(q, q + tails).assign(rightCoupling);
      for (int i = 0; i < q; i++) {
        h.set(i, i, s0[i]);
      }
      Matrix scaled = tailRight.rowRange(0, p - q).copy().scaleRowsInPlace(tailValues());
      h.rowRange(q, q + tails)
          .columnRange(q, q + tails)
          .assign(tailLeft.rowRange(0, p - q).transposedTimes(scaled));
      h.plusProductInPlace(1, l, r.transposed());
      Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(h);
      sigma = Arrays.copyOf(svd.s(), k);
      Matrix x = svd.u().columnRange(0, k).copy();
      Matrix y = svd.vt().rowRange(0, k).transposed();
      headU = x.rowRange(0, q);
      headV = y.rowRange(0, q);
      tailU = tailLeft.times(x.rowRange(q, q + tails));
      tailV = tailRight.times(y.rowRange(q, q + tails));
    }

    private double[] tailValues() {
      return Arrays.copyOfRange(s0, q, p);
    }

    /** Residuals on the tail; those on the head vanish, since its axes are in the search space. */
    void measure() {
      Matrix alpha = rightHead.transposedTimes(headV);
      alpha.plusTransposedProductInPlace(1, rightTailFactor, tailV);
      Matrix beta = leftHead.transposedTimes(headU);
      beta.plusTransposedProductInPlace(1, leftTailFactor, tailU);
      residualLeft = residual(leftTailFactor.times(alpha), tailV, tailU);
      residualRight = residual(rightTailFactor.times(beta), tailU, tailV);
      double[] left = Residuals.columnNorms(residualLeft);
      double[] right = Residuals.columnNorms(residualRight);
      residuals = new double[k];
      for (int j = 0; j < k; j++) {
        residuals[j] = Math.max(left[j], right[j]) / sigma[j];
      }
    }

    /** Adds D · other − σ · own to the coupling term, in place. */
    private Matrix residual(Matrix coupling, Matrix other, Matrix own) {
      int inner = p - q; // D is zero beyond the base's values
      coupling
          .rowRange(0, inner)
          .plusInPlace(1, other.rowRange(0, inner).copy().scaleRowsInPlace(tailValues()));
      return coupling.plusInPlace(-1, own.copy().scaleColumnsInPlace(sigma));
    }

    double worst() {
      double worst = 0;
      for (double residual : residuals) {
        worst = Math.max(worst, residual);
      }
      return worst;
    }

    /**
     * Adds a correction for every triplet that is not there yet.
     *
     * @return false if the search space can't grow any more
     */
    boolean expand() {
      int[] open = openTriplets();
      int tails = tailLeft.cols();
      if (tails + open.length > Math.min(tailLeft.rows(), tailRight.rows())) {
        return false;
      }
      Matrix du = Matrix.allocate(tailLeft.rows(), open.length, Precision.DOUBLE);
      Matrix dv = Matrix.allocate(tailRight.rows(), open.length, Precision.DOUBLE);
      for (int c = 0; c < open.length; c++) {
        if (!improve(open[c], du, dv, c)) {
          return false;
        }
      }
      tailLeft = extended(tailLeft, du);
      tailRight = extended(tailRight, dv);
      return true;
    }

    private int[] openTriplets() {
      int[] open = new int[k];
      int count = 0;
      for (int j = 0; j < k; j++) {
        if (residuals[j] > TOLERANCE / 10) {
          open[count++] = j;
        }
      }
      return Arrays.copyOf(open, count);
    }

    /**
     * An improvement of triplet j; its tails become a column of du and dv. Far from the solution a
     * Davidson correction does as well as inverse iteration, for less.
     */
    private boolean improve(int j, Matrix du, Matrix dv, int column) {
      ShiftedUpdate shifted = new ShiftedUpdate(s0, update, sigma[j]);
      boolean coarse = residuals[j] > COARSE;
      double[] u = joined(headU, coarse ? residualLeft : tailU, j);
      double[] v = joined(headV, coarse ? residualRight : tailV, j);
      if (coarse) {
        Arrays.fill(u, 0, q, 0); // there is no residual on the head
        Arrays.fill(v, 0, q, 0);
        shifted.applyBaseInverse(u, v);
      } else if (!shifted.solve(u, v)) {
        return false;
      }
      setNormalised(du, column, u);
      setNormalised(dv, column, v);
      return true;
    }

    private double[] joined(Matrix head, Matrix tail, int column) {
      double[] values = new double[q + tail.rows()];
      System.arraycopy(head.column(column), 0, values, 0, q);
      System.arraycopy(tail.column(column), 0, values, q, tail.rows());
      return values;
    }

    private void setNormalised(Matrix tails, int column, double[] values) {
      double sum = 0;
      for (int i = q; i < values.length; i++) {
        sum += values[i] * values[i];
      }
      double scale = sum > 0 && sum < Double.POSITIVE_INFINITY ? 1 / Math.sqrt(sum) : 0;
      for (int i = q; i < values.length; i++) {
        tails.set(i - q, column, values[i] * scale);
      }
    }

    /** The basis with further columns, orthonormal to rounding. */
    private static Matrix extended(Matrix basis, Matrix added) {
      removeSpan(basis, added);
      removeSpan(basis, added);
      OrthonormalBasis fresh = OrthonormalBasis.of(added);
      if (nearlyDependent(fresh.r())) {
        Matrix again = fresh.q();
        removeSpan(basis, again);
        removeSpan(basis, again);
        fresh = OrthonormalBasis.of(again);
      }
      Matrix extended =
          Matrix.allocate(basis.rows(), basis.cols() + added.cols(), Precision.DOUBLE);
      extended.columnRange(0, basis.cols()).assign(basis);
      extended.columnRange(basis.cols(), extended.cols()).assign(fresh.q());
      return extended;
    }

    private static void removeSpan(Matrix basis, Matrix vectors) {
      vectors.plusProductInPlace(-1, basis, basis.transposedTimes(vectors));
    }

    /** Whether a triangular factor shows columns that are dependent up to rounding. */
    private static boolean nearlyDependent(Matrix r) {
      double largest = 0;
      double smallest = Double.POSITIVE_INFINITY;
      for (int i = 0; i < r.rows(); i++) {
        largest = Math.max(largest, Math.abs(r.get(i, i)));
        smallest = Math.min(smallest, Math.abs(r.get(i, i)));
      }
      return smallest <= DEPENDENT * largest;
    }

    /** Whether M has no more singular values above the k-th found than were found there. */
    boolean missesNone() {
      double tau = sigma[k - 1] * (1 + COUNT_MARGIN);
      int found = 0;
      for (double value : sigma) {
        found += value > tau ? 1 : 0;
      }
      return new ShiftedUpdate(s0, update, tau).singularValuesAbove() == found;
    }

    TunedSpectrum result() {
      Map<Side, Matrix> coordinates = new EnumMap<>(Side.class);
      for (Side side : Side.values()) {
        Matrix c = Matrix.allocate(p, k, Precision.DOUBLE);
        c.rowRange(0, q).assign(side == Side.LEFT ? headU : headV);
        c.rowRange(q, p).assign((side == Side.LEFT ? tailU : tailV).rowRange(0, p - q));
        coordinates.put(side, c);
      }
      return new TunedSpectrum(sigma, coordinates, residuals, NAME);
    }
  }
}
