package io.github.intruders.scan;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.PrincipalAngles;
import io.github.intruders.linalg.Svd;
import io.github.intruders.spectra.SingularValues;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The leading triplets of M = diag(S0) + lᵀ · r, the tuned matrix in the base's coordinates, by a
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

  /** Where the next singular value is this near to the k-th, relatively, they count as equal. */
  private static final double APART = 1e-6;

  private static final double COARSE = 0.05;
  private static final double DEPENDENT = 1e-6;

  /** Near enough to iterate with, where the singular value itself makes the system singular. */
  private static final double ASIDE = 1 + 1e-13;

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
      try (Arena arena = Arena.open()) {
        search.project();
        double resolution = Precision.DOUBLE.noiseFloor(search.sigma[0], maxDimension);
        if (search.sigma[k - 1] <= resolution) {
          return Optional.empty(); // fewer than k directions: nothing relative can be certified
        }
        search.measure();
        if (search.worst() <= TOLERANCE) {
          return search.missesNone()
              ? Optional.of(search.result(resolution).keptBy(arena))
              : Optional.empty();
        }
        if (!search.expand()) {
          return Optional.empty();
        }
        search.keepSpaces(arena);
      }
    }
    return Optional.empty();
  }

  /** The search spaces and the current approximations; vectors are kept as rows. */
  private static final class Search {
    private final double[] s0;
    private final CoordinateUpdate update;
    private final int k;
    private final int q;
    private final Tail left;
    private final Tail right;
    private Matrix core = Matrix.allocate(0, 0, Precision.DOUBLE);

    private double[] sigma;
    private boolean isApart;
    private Matrix u;
    private Matrix v;
    private Matrix residualLeft;
    private Matrix residualRight;
    private double[] residuals;

    Search(double[] s0, CoordinateUpdate update, int k, int q) {
      this.s0 = s0;
      this.update = update;
      this.k = k;
      this.q = q;
      left = new Tail(update.l(), q, s0.length);
      right = new Tail(update.r(), q, s0.length);
      extend(left.factor.copy(), right.factor.copy());
    }

    /** Adds vectors to both tails and completes their products with D in between. */
    private void extend(Matrix addedLeft, Matrix addedRight) {
      int from = left.size();
      left.append(addedLeft);
      right.append(addedRight);
      int to = left.size();
      double[] tailValues = Arrays.copyOfRange(s0, q, s0.length);
      Matrix newLeft = left.inner(from, to).copy().scaleColumnsInPlace(tailValues);
      Matrix newRight = right.inner(from, to).copy().scaleColumnsInPlace(tailValues);
      Matrix extended = Matrix.allocate(to, to, Precision.DOUBLE);
      extended.rowRange(0, from).columnRange(0, from).assign(core);
      extended.columnRange(from, to).assignProduct(left.inner(0, to), newRight.t());
      extended
          .rowRange(from, to)
          .columnRange(0, from)
          .assignProduct(newLeft, right.inner(0, from).t());
      core = extended;
    }

    /** Hands the search spaces to the arena around {@code arena}. */
    void keepSpaces(Arena arena) {
      arena.keep(core);
      left.keep(arena);
      right.keep(arena);
    }

    /** Solves the projected problem and lifts its k leading triplets. */
    void project() {
      int size = q + core.rows();
      Matrix h = Matrix.zeros(size, size, Precision.DOUBLE);
      for (int i = 0; i < q; i++) {
        h.set(i, i, s0[i]);
      }
      h.rowRange(q, size).columnRange(q, size).assign(core);
      h.plusProductInPlace(1, left.projectedFactor().t(), right.projectedFactor());
      Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(h);
      sigma = Arrays.copyOf(svd.s(), k);
      u = left.lifted(svd.u().columnRange(0, k).transposed());
      v = right.lifted(svd.vt().rowRange(0, k));
    }

    /** M v − σ u and Mᵀ u − σ v. */
    void measure() {
      residualLeft = v.times(update.r().t()).times(update.l());
      residualRight = u.times(update.l().t()).times(update.r());
      residuals = new double[k];
      for (int j = 0; j < k; j++) {
        double onLeft = completeResidual(residualLeft, j, v, u);
        double onRight = completeResidual(residualRight, j, u, v);
        residuals[j] = Math.max(onLeft, onRight) / sigma[j];
      }
    }

    /** Adds D · other − σ · own to row j, in place; its norm. */
    private double completeResidual(Matrix residual, int j, Matrix other, Matrix own) {
      double[] r = residual.row(j);
      double[] through = other.row(j);
      double[] self = own.row(j);
      for (int i = 0; i < s0.length; i++) {
        r[i] += s0[i] * through[i];
      }
      for (int i = 0; i < r.length; i++) {
        r[i] -= sigma[j] * self[i];
      }
      residual.setRow(j, r);
      return Matrix.norm(r);
    }

    double worst() {
      double worst = 0;
      for (double residual : residuals) {
        worst = Math.max(worst, residual);
      }
      return worst;
    }

    /**
     * Adds a correction for every triplet that is not there yet. Far from the solution a Davidson
     * correction does as well as inverse iteration, for less.
     *
     * @return false if the search space can't grow any more
     */
    boolean expand() {
      int[] far = triplets(COARSE, Double.POSITIVE_INFINITY);
      int[] near = triplets(TOLERANCE / 10, COARSE);
      int added = far.length + near.length;
      if (left.size() + added > Math.min(left.length(), right.length())) {
        return false;
      }
      Matrix du = Matrix.allocate(added, u.cols(), Precision.DOUBLE);
      Matrix dv = Matrix.allocate(added, v.cols(), Precision.DOUBLE);
      if (far.length > 0) {
        Matrix farU = selected(residualLeft, far, du.rowRange(0, far.length));
        Matrix farV = selected(residualRight, far, dv.rowRange(0, far.length));
        shifted(far, 1).applyBaseInverse(farU, farV);
      }
      Matrix nearU = du.rowRange(far.length, added);
      Matrix nearV = dv.rowRange(far.length, added);
      if (near.length > 0
          && !iterate(near, 1, nearU, nearV)
          && !iterate(near, ASIDE, nearU, nearV)) {
        return false;
      }
      extend(left.normalised(du), right.normalised(dv));
      return true;
    }

    /**
     * A step of inverse iteration for some triplets.
     *
     * @param aside factor of σ in the shift
     * @param intoU takes the left corrections
     * @param intoV takes the right ones
     * @return false if the shift meets a singular value to the last bit
     */
    private boolean iterate(int[] triplets, double aside, Matrix intoU, Matrix intoV) {
      return shifted(triplets, aside)
          .solve(selected(u, triplets, intoU), selected(v, triplets, intoV));
    }

    /** The triplets whose residual lies above {@code least} and not above {@code most}. */
    private int[] triplets(double least, double most) {
      return IntStream.range(0, k)
          .filter(j -> residuals[j] > least && residuals[j] <= most)
          .toArray();
    }

    private ShiftedUpdate shifted(int[] triplets, double factor) {
      return new ShiftedUpdate(
          s0, update, Arrays.stream(triplets).mapToDouble(j -> sigma[j] * factor).toArray());
    }

    private static Matrix selected(Matrix vectors, int[] rows, Matrix into) {
      for (int i = 0; i < rows.length; i++) {
        into.rowRange(i, i + 1).assign(vectors.rowRange(rows[i], rows[i] + 1));
      }
      return into;
    }

    /**
     * Whether M has no more singular values above the k-th found than were found there. Tells
     * besides whether there is another one as large as the k-th.
     */
    boolean missesNone() {
      double tau = sigma[k - 1] * (1 + COUNT_MARGIN);
      double below = sigma[k - 1] * (1 - APART);
      long found = Arrays.stream(sigma).filter(value -> value > tau).count();
      int[] above = new ShiftedUpdate(s0, update, tau, below).singularValuesAbove();
      isApart = above[1] == k;
      return above[0] == found;
    }

    TunedSpectrum result(double resolution) {
      int p = s0.length;
      return new TunedSpectrum(
          sigma,
          Map.of(
              Side.LEFT, u.columnRange(0, p).transposed(),
              Side.RIGHT, v.columnRange(0, p).transposed()),
          residuals,
          NAME,
          resolution,
          rotations());
    }

    /** The base's leading vectors are the first coordinate axes. */
    private Map<Side, Rotation> rotations() {
      if (k > Rotation.MOST_VECTORS) {
        return Map.of();
      }
      double next = sigma[k - 1] * (isApart ? 1 - APART : 1);
      double error = Rotation.error(TunedSpectrum.absolute(residuals, sigma), sigma[k - 1], next);
      return Map.of(
          Side.LEFT, Rotation.of(PrincipalAngles.fromAxes(u), error),
          Side.RIGHT, Rotation.of(PrincipalAngles.fromAxes(v), error));
    }
  }

  /** One side's search space beyond the head: orthonormal vectors, as rows. */
  private static final class Tail {
    private final Matrix head;
    private final Matrix factor;
    private final int inner;
    private Matrix vectors;
    private Matrix coupling;

    /**
     * @param coordinates l or r
     * @param q where the tail begins
     * @param p where the base's coordinates end
     */
    Tail(Matrix coordinates, int q, int p) {
      inner = p - q;
      head = coordinates.columnRange(0, q);
      factor = coordinates.columnRange(q, coordinates.cols());
      vectors = Matrix.allocate(0, factor.cols(), Precision.DOUBLE);
      coupling = Matrix.allocate(0, factor.rows(), Precision.DOUBLE);
    }

    int size() {
      return vectors.rows();
    }

    /** How many coordinates there are on the tail. */
    int length() {
      return factor.cols();
    }

    /** Of some of the vectors the coordinates that the base has a singular value for. */
    Matrix inner(int from, int to) {
      return vectors.rowRange(from, to).columnRange(0, inner);
    }

    /** l or r in the search space, (R, q + size). */
    Matrix projectedFactor() {
      Matrix projected = Matrix.allocate(head.rows(), head.cols() + size(), Precision.DOUBLE);
      projected.columnRange(0, head.cols()).assign(head);
      projected.columnRange(head.cols(), projected.cols()).assign(coupling.transposed());
      return projected;
    }

    /** Vectors of the search space, (k, q + size), in all coordinates. */
    Matrix lifted(Matrix x) {
      int q = head.cols();
      Matrix lifted = Matrix.allocate(x.rows(), q + length(), Precision.DOUBLE);
      lifted.columnRange(0, q).assign(x.columnRange(0, q));
      lifted.columnRange(q, lifted.cols()).assignProduct(x.columnRange(q, x.cols()), vectors);
      return lifted;
    }

    /** The tails of vectors, each of length 1; a vector that has none stays zero. */
    Matrix normalised(Matrix x) {
      Matrix tails = x.columnRange(head.cols(), x.cols()).copy();
      double[] scales = new double[tails.rows()];
      for (int i = 0; i < scales.length; i++) {
        double norm = Matrix.norm(tails.row(i));
        scales[i] = norm > 0 && norm < Double.POSITIVE_INFINITY ? 1 / norm : 0;
      }
      return tails.scaleRowsInPlace(scales);
    }

    /**
     * Takes further vectors in, orthonormal to rounding.
     *
     * @param added overwritten
     */
    void append(Matrix added) {
      double longest = 0;
      for (int i = 0; i < added.rows(); i++) {
        longest = Math.max(longest, Matrix.norm(added.row(i)));
      }
      removeSpan(added);
      removeSpan(added);
      if (hasLost(OrthonormalBasis.ofRowsInPlace(added), longest)) {
        removeSpan(added);
        removeSpan(added);
        OrthonormalBasis.ofRowsInPlace(added);
      }
      vectors = stacked(vectors, added);
      coupling = stacked(coupling, added.times(factor.t()));
    }

    void keep(Arena arena) {
      arena.keep(vectors);
      arena.keep(coupling);
    }

    private void removeSpan(Matrix x) {
      if (size() > 0) {
        x.plusProductInPlace(-1, x.times(vectors.t()), vectors);
      }
    }

    private static Matrix stacked(Matrix top, Matrix bottom) {
      Matrix stacked = Matrix.allocate(top.rows() + bottom.rows(), bottom.cols(), Precision.DOUBLE);
      stacked.rowRange(0, top.rows()).assign(top);
      stacked.rowRange(top.rows(), stacked.rows()).assign(bottom);
      return stacked;
    }

    /**
     * Whether the triangular factor shows vectors of which next to nothing was new, so that what
     * made them as long as the others is rounding, part of it in the span again.
     */
    private static boolean hasLost(Matrix r, double longest) {
      return IntStream.range(0, r.rows())
          .anyMatch(i -> Math.abs(r.get(i, i)) <= DEPENDENT * longest);
    }
  }
}
