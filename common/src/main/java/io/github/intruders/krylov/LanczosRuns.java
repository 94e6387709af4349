package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.RowSpan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Function;

/**
 * Golub and Kahan's bidiagonalisation (1965) of a matrix M from many vectors side by side, each a
 * run of its own with full orthogonalisation, so that one product with M takes a step of them all.
 * Vectors are rows. Converged triplets are kept out of all runs.
 *
 * <p>What rounding does to the recurrence is measured, not estimated: the errors F and G of {@link
 * AtomBound} times random vectors, in double precision. For a Gaussian z, ‖F‖ exceeds α √(2/π) max
 * ‖F zᵢ‖ over r of them with a chance of at most α⁻ʳ (Halko, Martinsson and Tropp 2011, lemma 4.1);
 * with α = {@value #NORM_FACTOR} and r = {@value #NORM_PROBES} that is 5e-10.
 *
 * <p>One thread at a time; its matrices live in the arena that was open when it was made.
 */
final class LanczosRuns {
  static final int NORM_PROBES = 12;
  private static final double NORM_FACTOR = 6;

  /** A step of a few units of rounding is noise: the space is exhausted. */
  private static final double EXHAUSTED = 10;

  /** What the recurrences are mostly off by, in units of rounding. */
  private static final double EXPECTED_ERROR = 8;

  private final LinearOperator m;
  private final LowRank update;
  private final boolean fromLeft;
  private final Matrix ownDeflation;
  private final Matrix otherDeflation;
  private final int capacity;
  private final List<Run> runs = new ArrayList<>();

  /**
   * A low-rank update b · a.
   *
   * @param b (rows, r)
   * @param a (r, cols)
   */
  record LowRank(Matrix b, Matrix a) {
    LowRank in(Precision precision) {
      return new LowRank(b.in(precision), a.in(precision));
    }

    /** Adds what it makes of row vectors, forth or back, in the same precision. */
    void addTo(Matrix images, Matrix rows, boolean forth) {
      if (forth) {
        images.plusProductInPlace(1, rows.times(a.t()), b.t());
      } else {
        images.plusProductInPlace(1, rows.times(b), a);
      }
    }
  }

  /** One vector's run. */
  private static final class Run {
    private final double norm;
    private final Matrix own;
    private final Matrix other;
    private final double[] alpha;
    private final double[] beta;
    private int steps;
    private boolean ended;

    Run(double norm, Matrix own, Matrix other, int capacity) {
      this.norm = norm;
      this.own = own;
      this.other = other;
      this.alpha = new double[capacity];
      this.beta = new double[capacity];
    }
  }

  /**
   * Prepares runs; takes no step.
   *
   * @param m (rows, cols)
   * @param update what M is besides m; null if nothing
   * @param fromLeft whether the vectors belong to the left side
   * @param starts (b, rows) or (b, cols), any length of each
   * @param leftDeflation (K, rows), orthonormal
   * @param rightDeflation (K, cols), their partners
   * @param capacity the most steps
   */
  LanczosRuns(
      LinearOperator m,
      LowRank update,
      boolean fromLeft,
      Matrix starts,
      Matrix leftDeflation,
      Matrix rightDeflation,
      int capacity) {
    this.m = m;
    this.update = update;
    this.fromLeft = fromLeft;
    this.ownDeflation = fromLeft ? leftDeflation : rightDeflation;
    this.otherDeflation = fromLeft ? rightDeflation : leftDeflation;
    this.capacity = capacity;
    int otherSize = fromLeft ? m.cols() : m.rows();
    for (int l = 0; l < starts.rows(); l++) {
      Matrix start = starts.rowRange(l, l + 1);
      double norm = RowSpan.norm(start);
      Matrix own = Matrix.allocate(capacity + 1, start.cols(), m.precision());
      Run run = new Run(norm, own, Matrix.allocate(capacity, otherSize, m.precision()), capacity);
      own.rowRange(0, 1).assign(start);
      if (norm > 0) {
        own.rowRange(0, 1).scaleInPlace(1 / norm);
      } else {
        run.ended = true;
      }
      runs.add(run);
    }
  }

  /**
   * Some of the runs on their way to a number of steps, by half-steps. They go side by side where
   * they have taken as many.
   */
  final class Walk {
    private final int target;
    private final List<Integer> which;
    private List<Run> active = List.of();
    private int at = -1;
    private boolean half;

    private Walk(int steps, List<Integer> which) {
      this.target = Math.min(steps, capacity);
      this.which = List.copyOf(which);
      next();
    }

    private void next() {
      half = false;
      active = List.of();
      while (active.isEmpty() && ++at < target) {
        active =
            which.stream().map(runs::get).filter(run -> !run.ended && run.steps == at).toList();
      }
    }

    private boolean isDone() {
      return at >= target;
    }

    /** Whether the next half-step goes through M, else through Mᵀ. */
    private boolean isForth() {
      return fromLeft == half;
    }

    /** What is to go through, as rows. */
    private Matrix input() {
      int k = at;
      return stacked(
          active.stream()
              .map(run -> half ? run.other.rowRange(k, k + 1) : run.own.rowRange(k, k + 1))
              .toList());
    }

    /** Takes what has come out; changes it. */
    private void take(Matrix images, Matrix input) {
      int k = at;
      if (update != null) {
        update.addTo(images, input, isForth());
      }
      if (!half) {
        removeKnown(otherDeflation, images, active, run -> run.other.rowRange(0, k));
        for (int l = 0; l < active.size(); l++) {
          Run run = active.get(l);
          run.alpha[k] = append(run.other, k, images.rowRange(l, l + 1));
        }
        half = true;
        return;
      }
      removeKnown(ownDeflation, images, active, run -> run.own.rowRange(0, k + 1));
      for (int l = 0; l < active.size(); l++) {
        Run run = active.get(l);
        run.beta[k] = append(run.own, k + 1, images.rowRange(l, l + 1));
        run.steps = k + 1;
        double largest = 0;
        for (int i = 0; i <= k; i++) {
          largest = Math.max(largest, Math.max(run.alpha[i], i < k ? run.beta[i] : 0));
        }
        double noise = EXHAUSTED * m.precision().epsilon() * largest;
        run.ended = !(Math.min(run.alpha[k], run.beta[k]) > noise);
      }
      next();
    }
  }

  /** Runs that are to be taken on to a number of steps. */
  Walk walk(int steps, List<Integer> which) {
    return new Walk(steps, which);
  }

  /** Takes all of these on, through one matrix that is read once for all that go the same way. */
  static void extend(LinearOperator m, List<Walk> walks) {
    boolean forth = false;
    while (walks.stream().anyMatch(walk -> !walk.isDone())) {
      boolean now = forth;
      List<Walk> side =
          walks.stream().filter(walk -> !walk.isDone() && walk.isForth() == now).toList();
      forth = !forth;
      if (side.isEmpty()) {
        continue;
      }
      try (Arena arena = Arena.open()) {
        List<Matrix> inputs = side.stream().map(Walk::input).toList();
        Matrix all = stacked(inputs);
        Matrix images = now ? forth(m, all) : m.rowsBack(all);
        int from = 0;
        for (int i = 0; i < side.size(); i++) {
          int to = from + inputs.get(i).rows();
          side.get(i).take(images.rowRange(from, to), inputs.get(i));
          from = to;
        }
      }
    }
  }

  /** Rows through M: the product that has them as columns runs about twice as fast. */
  private static Matrix forth(LinearOperator m, Matrix rows) {
    return m.forth(rows.transposed()).transposed();
  }

  /**
   * Takes the converged vectors and each run's own ones out of new vectors, in place. In turns, and
   * twice: what a run's vectors hold of the converged ones by rounding would else grow from step to
   * step.
   */
  private static void removeKnown(
      Matrix deflation, Matrix vectors, List<Run> active, Function<Run, Matrix> basis) {
    for (int pass = 0; pass < 2; pass++) {
      removeSpan(deflation, vectors);
      for (int l = 0; l < active.size(); l++) {
        RowSpan.remove(basis.apply(active.get(l)), vectors.rowRange(l, l + 1));
      }
    }
  }

  /** Puts a vector behind a basis, normalised; its length before. */
  private static double append(Matrix basis, int k, Matrix vector) {
    double norm = RowSpan.norm(vector);
    basis.rowRange(k, k + 1).assign(vector);
    if (norm > 0) {
      basis.rowRange(k, k + 1).scaleInPlace(1 / norm);
    }
    return norm;
  }

  private static Matrix stacked(List<Matrix> blocks) {
    if (blocks.size() == 1) {
      return blocks.get(0);
    }
    int rows = blocks.stream().mapToInt(Matrix::rows).sum();
    Matrix stacked = Matrix.allocate(rows, blocks.get(0).cols(), blocks.get(0).precision());
    int from = 0;
    for (Matrix block : blocks) {
      int to = from + block.rows();
      stacked.rowRange(from, to).assign(block);
      from = to;
    }
    return stacked;
  }

  static void removeSpan(Matrix basis, Matrix rows) {
    if (basis.rows() > 0) {
      rows.plusProductInPlace(-1, rows.times(basis.t()), basis);
    }
  }

  int count() {
    return runs.size();
  }

  /** The length of the vector that a run started from. */
  double norm(int run) {
    return runs.get(run).norm;
  }

  /** How many steps a run has taken; 0 where its vector is zero. */
  int steps(int run) {
    return runs.get(run).steps;
  }

  /** Whether a run can go no further. */
  boolean ended(int run) {
    return runs.get(run).ended || runs.get(run).steps == capacity;
  }

  /**
   * What is checked of the recurrences: combinations of all their vectors, with what M should make
   * of them.
   *
   * @param right (r, cols) in double precision, to go through M
   * @param left (r, rows) in double precision, to go through Mᵀ
   * @param forthExpected what M makes of {@code right}, (r, rows)
   * @param backExpected what Mᵀ makes of {@code left}, (r, cols)
   */
  record Check(Matrix right, Matrix left, Matrix forthExpected, Matrix backExpected) {
    /** What is expected of M alone where the recurrences are those of M and an update; in place. */
    Check without(LowRank update) {
      try (Arena arena = Arena.open()) {
        update.addTo(forthExpected, right.copy().scaleInPlace(-1), true);
        update.addTo(backExpected, left.copy().scaleInPlace(-1), false);
      }
      return this;
    }

    /** The sum with another one; in place. */
    Check plus(Check other) {
      right.plusInPlace(1, other.right);
      left.plusInPlace(1, other.left);
      forthExpected.plusInPlace(1, other.forthExpected);
      backExpected.plusInPlace(1, other.backExpected);
      return this;
    }
  }

  /** Random combinations. */
  Check check(SplittableRandom random) {
    int ownSize = fromLeft ? m.rows() : m.cols();
    int otherSize = fromLeft ? m.cols() : m.rows();
    Matrix own = Matrix.zeros(NORM_PROBES, ownSize, Precision.DOUBLE);
    Matrix ownExpected = Matrix.zeros(NORM_PROBES, otherSize, Precision.DOUBLE);
    Matrix other = Matrix.zeros(NORM_PROBES, otherSize, Precision.DOUBLE);
    Matrix otherExpected = Matrix.zeros(NORM_PROBES, ownSize, Precision.DOUBLE);
    for (Run run : runs) {
      int t = run.steps;
      if (t == 0) {
        continue;
      }
      try (Arena arena = Arena.open()) {
        // Rows hold z: M̃ Q z = V (Bₜᵀ z) and M̃ V z = Q (B z).
        Matrix forOwn = Gaussian.matrix(random, NORM_PROBES, t);
        Matrix forOther = Gaussian.matrix(random, NORM_PROBES, t);
        Matrix throughOwn = Matrix.zeros(NORM_PROBES, t, Precision.DOUBLE);
        Matrix throughOther = Matrix.zeros(NORM_PROBES, t + 1, Precision.DOUBLE);
        for (int i = 0; i < NORM_PROBES; i++) {
          for (int j = 0; j < t; j++) {
            double below = j == 0 ? 0 : run.beta[j - 1] * forOther.get(i, j - 1);
            double beside = j + 1 < t ? run.beta[j] * forOwn.get(i, j + 1) : 0;
            throughOwn.set(i, j, run.alpha[j] * forOwn.get(i, j) + beside);
            throughOther.set(i, j, run.alpha[j] * forOther.get(i, j) + below);
          }
          throughOther.set(i, t, run.beta[t - 1] * forOther.get(i, t - 1));
        }
        Matrix q = run.own.rowRange(0, t + 1).in(Precision.DOUBLE);
        Matrix v = run.other.rowRange(0, t).in(Precision.DOUBLE);
        own.plusProductInPlace(1, forOwn, q.rowRange(0, t));
        ownExpected.plusProductInPlace(1, throughOwn, v);
        other.plusProductInPlace(1, forOther, v);
        otherExpected.plusProductInPlace(1, throughOther, q);
      }
    }
    return fromLeft
        ? new Check(other, own, otherExpected, ownExpected)
        : new Check(own, other, ownExpected, otherExpected);
  }

  /**
   * The bounds of all runs; nothing for a run without a step.
   *
   * @param check what was asked for
   * @param images what came out
   */
  List<AtomBound> bounds(Check check, LinearMap.Products images) {
    double through = norm(images.forth(), check.forthExpected());
    double backwards = norm(images.back(), check.backExpected());
    double forth = fromLeft ? through : backwards;
    double back = fromLeft ? backwards : through;
    return runs.stream()
        .map(run -> bound(run, () -> basisNorm(run.own.rowRange(0, run.steps + 1)), forth, back))
        .toList();
  }

  /** What the bounds will be like once they are checked. They prove nothing. */
  List<AtomBound> expected() {
    return runs.stream()
        .map(
            run -> {
              double error = 0;
              for (int i = 0; i < run.steps; i++) {
                error = Math.max(error, Math.hypot(run.alpha[i], run.beta[i]));
              }
              error *= EXPECTED_ERROR * m.precision().epsilon();
              return bound(run, () -> 1, error, error);
            })
        .toList();
  }

  private static AtomBound bound(Run run, DoubleSupplier basisNorm, double forth, double back) {
    int t = run.steps;
    return t == 0
        ? null
        : new AtomBound(
            run.norm,
            Arrays.copyOf(run.alpha, t),
            Arrays.copyOf(run.beta, t),
            basisNorm.getAsDouble(),
            forth,
            back);
  }

  /** A bound of the norm of a matrix of errors, from its products with random vectors. */
  private static double norm(Matrix images, Matrix expected) {
    try (Arena arena = Arena.open()) {
      Matrix errors = images.copy().plusInPlace(-1, expected);
      double largest = 0;
      for (int i = 0; i < errors.rows(); i++) {
        largest = Math.max(largest, RowSpan.norm(errors.rowRange(i, i + 1)));
      }
      return NORM_FACTOR * Math.sqrt(2 / Math.PI) * largest;
    }
  }

  /** √‖Q Qᵀ‖ by the largest row sum of the Gram matrix. */
  private static double basisNorm(Matrix q) {
    try (Arena arena = Arena.open()) {
      Matrix exact = q.in(Precision.DOUBLE);
      Matrix gram = exact.times(exact.t());
      double largest = 0;
      for (int i = 0; i < gram.rows(); i++) {
        double sum = 0;
        for (double value : gram.row(i)) {
          sum += Math.abs(value);
        }
        largest = Math.max(largest, sum);
      }
      return Math.sqrt(largest);
    }
  }
}
