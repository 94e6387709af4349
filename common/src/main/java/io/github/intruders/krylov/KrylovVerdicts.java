package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.RowSpan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Bounds of the best similarities of tuned singular vectors to all singular vectors of a base
 * matrix, which is not decomposed.
 *
 * <p>A lower bound comes from the base's leading vectors as far as they have converged and as far
 * as it is certain that there are no others beside them ({@link SpectrumProbes}). An upper bound
 * comes from these and, for all other base vectors at once, from Lanczos steps that start at what
 * the leading ones leave of the tuned vector ({@link AtomBound}). Every error is measured or
 * bounded: the residuals of base and tuned triplets in double precision, the rounding of the
 * Lanczos recurrences, the angle by which a tuned vector may be off.
 *
 * <p>One thread at a time.
 */
public final class KrylovVerdicts {
  private static final long SEED = 6174;
  private static final int WIDTH = 8;
  private static final int WIDEST = 32;
  private static final int MOST_STEPS = 16;
  private static final int LEAST_STEPS = 8;

  /** No more than this share of all triplets is kept out of Lanczos runs. */
  private static final int MOST_CONVERGED = 3;

  /** How many of the base's leading vectors beyond the k first are waited for. */
  private static final int BEYOND = 4;

  /** Residuals of this many units of rounding don't become smaller. */
  private static final double FLOOR = 8;

  /** Up to this many, a triplet counts as converged, and is kept out of the Lanczos runs. */
  private static final double CONVERGED = 40;

  private static final double SMALLEST_UNIT = 3e-8;

  /** The share of a gap that a residual may be. */
  private static final double SHARE_OF_GAP = 5e-5;

  /** How many Lanczos steps are taken before it is asked what is still undecided. */
  private static final int[] LADDER = {12, 24, 48, 96};

  private static final int PROBE_STEPS = 12;
  private static final int MOST_PROBE_STEPS = 36;

  /** The accuracy of an upper bound. */
  private static final double TOLERANCE = 5e-5;

  /** Bounds of a similarity no further apart than this are a value. */
  private static final double EXACT = 2e-4;

  /** Below it an upper bound need not be made better. */
  private static final double LOW_ENOUGH = 0.02;

  /** What lengths and cosines in working precision are off by, in units of rounding. */
  private static final double ROUNDING = 16;

  /** Norms outside these bounds could leave single precision's range on the way. */
  private static final double SMALLEST_NORM = 1e-12;

  private static final double LARGEST_NORM = 1e12;

  /** What checks in double precision take for each row and column. */
  private static final int CHECKED_BYTES = 4096;

  private final Precision precision;

  /**
   * @param precision that all steps work in; what it rounds is accounted for
   */
  public KrylovVerdicts(Precision precision) {
    this.precision = precision;
  }

  /**
   * What is asked.
   *
   * @param k how many leading vectors of each tuned matrix
   * @param left whether left vectors are compared
   * @param right whether right vectors are
   * @param thresholds that a vector should be decided at; others are decided as far as it goes
   */
  public record Question(int k, boolean left, boolean right, List<Double> thresholds) {
    public Question {
      thresholds = List.copyOf(thresholds);
    }
  }

  /**
   * Bounds for one tuned vector.
   *
   * @param low no more than the best similarity
   * @param high no less than it
   * @param bestBaseIndex the base vector that {@code low} comes from; -1 if there is none
   * @param baseValue its singular value; 0 if there is none
   * @param cosine the absolute cosine to it, as computed
   * @param energyInTop Σ cᵢ² over the base's k leading vectors; NaN if not known
   */
  public record Bounds(
      double low,
      double high,
      int bestBaseIndex,
      double baseValue,
      double cosine,
      double energyInTop) {
    /** Whether low and high are as good as equal, so that the best similarity is known. */
    public boolean isExact() {
      return bestBaseIndex >= 0 && high - low <= EXACT;
    }

    /** Whether it lies certainly on one side of a threshold. */
    public boolean decides(double threshold) {
      return high < threshold || low >= threshold;
    }
  }

  /**
   * What was found of a tuned matrix.
   *
   * @param values k singular values, descending
   * @param u (m, k) the left vectors as columns, in working precision
   * @param v (n, k) the right ones
   * @param residuals relative to the singular values
   * @param left bounds of the left vectors; empty if not asked for
   * @param right bounds of the right vectors; empty if not asked for
   */
  public record Tuned(
      double[] values,
      Matrix u,
      Matrix v,
      double[] residuals,
      List<Bounds> left,
      List<Bounds> right) {
    /** Whether all vectors are decided at all of these thresholds. */
    public boolean decides(List<Double> thresholds) {
      return thresholds.stream()
          .allMatch(
              threshold ->
                  left.stream().allMatch(bounds -> bounds.decides(threshold))
                      && right.stream().allMatch(bounds -> bounds.decides(threshold)));
    }
  }

  /**
   * What was found.
   *
   * @param baseNorm ‖W0‖_F
   * @param baseSpectralNorm ‖W0‖₂
   * @param baseLowest a positive number that no singular value of the base lies below, so that it
   *     has full rank; 0 if not known
   * @param tuned one for each tuned matrix, in their order; null where its triplets could not be
   *     certified
   */
  public record Answer(
      double baseNorm, double baseSpectralNorm, double baseLowest, List<Tuned> tuned) {}

  /** Whether a matrix of this shape leaves room for it. */
  public static boolean suits(int rows, int cols, int k) {
    int p = Math.min(rows, cols);
    return width(p) * LEAST_STEPS <= p && tunedWidth(p, k) * LEAST_STEPS <= p;
  }

  /**
   * Peak native memory besides the matrices themselves, in single precision: the search spaces of
   * base and tuned, the vectors of the Lanczos runs, and what is checked of them.
   *
   * @param sides how many sides are compared
   * @param tuned how many tuned matrices go at once
   */
  public static long searchBytes(int rows, int cols, int k, int sides, int tuned) {
    int p = Math.min(rows, cols);
    long spaces = (long) MOST_STEPS * (width(p) + tunedWidth(p, k));
    long runs =
        (long) SpectrumProbes.COUNT * (MOST_PROBE_STEPS + 1)
            + (long) sides * tuned * k * (LADDER[LADDER.length - 1] + 1);
    return (rows + (long) cols) * (Float.BYTES * (spaces + runs) + CHECKED_BYTES);
  }

  /** The unit of rounding, or what is as good as none of it. */
  private double unit() {
    return Math.max(precision.epsilon(), SMALLEST_UNIT);
  }

  private static int width(int p) {
    return Math.max(WIDTH, Math.min(WIDEST, p / 12 / WIDTH * WIDTH));
  }

  private static int tunedWidth(int p, int k) {
    return Math.max(width(p), (k + BEYOND + WIDTH + WIDTH - 1) / WIDTH * WIDTH);
  }

  /**
   * Bounds for the leading vectors of tuned matrices.
   *
   * @param base W0
   * @param tuned the tuned matrices, each of W0's shape, read one after the other
   */
  public Answer of(LinearMap base, List<? extends TunedMatrix> tuned, Question question)
      throws IOException {
    return new Work(base, question).answer(tuned);
  }

  /** A tuned matrix that is read when its turn comes. */
  @FunctionalInterface
  public interface TunedMatrix {
    /** The matrix, in the arena that is open; null if it can't be had, and then its answer is. */
    LinearMap read() throws IOException;
  }

  /** A tuned matrix whose triplets are certified. */
  private record Certified(Triplets found, double[] sines) {}

  /** One base matrix at work. */
  private final class Work {
    private final LinearMap base;
    private final Question question;
    private final int p;
    private final SplittableRandom random = new SplittableRandom(SEED);
    private final double baseNorm;

    Work(LinearMap base, Question question) {
      this.base = base;
      this.question = question;
      this.p = Math.min(base.rows(), base.cols());
      this.baseNorm = base.working().frobeniusNorm();
    }

    Answer answer(List<? extends TunedMatrix> tuned) throws IOException {
      LeadingSearch search =
          new LeadingSearch(base.working(), gaussian(width(p), base.cols()), mostSteps(width(p)));
      int wanted = Math.min(question.k() + BEYOND, p / 2);
      boolean finite =
          baseNorm > SMALLEST_NORM && baseNorm < LARGEST_NORM && converge(search, wanted);
      if (!finite) {
        return new Answer(baseNorm, 0, 0, tuned.stream().map(map -> (Tuned) null).toList());
      }
      List<Certified> certified = new ArrayList<>();
      for (TunedMatrix matrix : tuned) {
        try (Arena arena = Arena.open()) {
          LinearMap map = matrix.read();
          Certified one = map == null ? null : certify(map, search);
          if (one != null) {
            arena.keep(one.found().left());
            arena.keep(one.found().right());
          }
          certified.add(one);
        }
      }
      return new BaseWork(this, search, certified).answer();
    }

    private int mostSteps(int width) {
      return Math.max(1, Math.min(MOST_STEPS, p / width));
    }

    /** Goes on until the leading values have converged, or there is no more room. */
    private boolean converge(LeadingSearch search, int wanted) {
      int step = 0;
      while (search.hasRoom()) {
        if (!search.step()) {
          return false;
        }
        step++;
        if (search.size() >= 2 * wanted && step >= 3) {
          search.project();
          if (converged(search) >= wanted) {
            return true;
          }
        }
      }
      search.project();
      return true;
    }

    /** How many of the leading triplets are as good as they have to be. */
    private int converged(LeadingSearch search) {
      double[] s = search.values();
      double floor = FLOOR * unit() * s[0];
      int count = 0;
      while (count + 1 < s.length) {
        double above = count == 0 ? Double.POSITIVE_INFINITY : s[count - 1] - s[count];
        double gap = Math.min(above, s[count] - s[count + 1]);
        double small = Math.min(CONVERGED * unit() * s[0], SHARE_OF_GAP * gap);
        if (!(search.estimates()[count] <= Math.max(floor, small))) {
          return count;
        }
        count++;
      }
      return count;
    }

    /** How many of the leading triplets rounding alone keeps from being exact. */
    private int exact(LeadingSearch search) {
      double[] s = search.values();
      double tolerance = CONVERGED * unit() * s[0];
      int count = 0;
      int most = Math.min(s.length - 1, p / MOST_CONVERGED);
      while (count < most && search.estimates()[count] <= tolerance) {
        count++;
      }
      return count;
    }

    /** Finds and certifies the leading triplets of a tuned matrix; null where that fails. */
    private Certified certify(LinearMap map, LeadingSearch baseSearch) {
      int k = question.k();
      int width = tunedWidth(p, k);
      LeadingSearch search =
          new LeadingSearch(map.working(), tunedStart(map, baseSearch, width), mostSteps(width));
      if (!converge(search, Math.min(k + 1, p / 2))) {
        return null;
      }
      int count = exact(search);
      if (count < k) {
        return null;
      }
      Matrix left = search.leftVectors(count);
      Matrix right = search.rightVectors(count);
      LanczosRuns probes = probes(map, left, right, MOST_PROBE_STEPS);
      for (int steps = PROBE_STEPS; steps <= MOST_PROBE_STEPS; steps += PROBE_STEPS) {
        probes.extend(steps, all(probes));
        LanczosRuns.Check check = probes.check(random);
        LinearMap.Products images =
            map.exact(stacked(right, check.right()), stacked(left, check.left()));
        Triplets found =
            Triplets.measured(
                search.values(count), left, right, head(images, count), search.values()[count]);
        SpectrumProbes.Cut cut =
            spectrum(probes, probes.bounds(check, part(images, count)), map).lowestCut(found, k);
        if (cut.count() >= k) {
          return new Certified(found, found.sines(cut.count(), cut.value()));
        }
      }
      return null;
    }

    private SpectrumProbes spectrum(LanczosRuns probes, List<AtomBound> bounds, LinearMap map) {
      double[] norms = new double[probes.count()];
      for (int i = 0; i < norms.length; i++) {
        norms[i] = probes.norm(i);
      }
      double largest = map.working().frobeniusNorm() * (1 + 1e-6);
      return new SpectrumProbes(bounds, norms, ROUNDING * 4 * precision.epsilon(), largest);
    }

    /** Random vectors of the short side, without what is in the span of triplets. */
    private LanczosRuns probes(LinearMap map, Matrix left, Matrix right, int capacity) {
      boolean fromLeft = map.rows() <= map.cols();
      Matrix starts = gaussian(SpectrumProbes.COUNT, p);
      LanczosRuns.removeSpan(fromLeft ? left : right, starts);
      return new LanczosRuns(
          map.working(), fromLeft, starts, left, right, Math.min(capacity, p - left.rows() - 1));
    }

    /** The base's leading vectors, the update's rows, and random ones. */
    private Matrix tunedStart(LinearMap map, LeadingSearch baseSearch, int width) {
      Matrix start = gaussian(width, map.cols());
      int warm = Math.min(Math.min(question.k() + BEYOND, baseSearch.size()), width);
      start.rowRange(0, warm).assign(baseSearch.rightVectors(warm));
      if (map instanceof LinearMap.Updated updated) {
        Matrix a = updated.a();
        int mixed = Math.min(a.rows(), width - warm);
        if (mixed > 0 && mixed < a.rows()) {
          a = gaussian(mixed, a.rows()).in(Precision.DOUBLE).times(a);
        }
        for (int i = 0; i < mixed; i++) {
          double norm = RowSpan.norm(a.rowRange(i, i + 1));
          if (norm > 0) {
            Matrix row = a.rowRange(i, i + 1).copy().scaleInPlace(1 / norm);
            start.rowRange(warm + i, warm + i + 1).assign(row);
          }
        }
      }
      return start;
    }

    private Matrix gaussian(int rows, int cols) {
      Matrix matrix = Matrix.allocate(rows, cols, precision);
      double[] row = new double[cols];
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < cols; j++) {
          row[j] = random.nextGaussian();
        }
        matrix.setRow(i, row);
      }
      return matrix;
    }
  }

  /** The runs on the base itself. */
  private final class BaseWork {
    private final Work work;
    private final LinearMap base;
    private final Question question;
    private final LeadingSearch search;
    private final List<Certified> certified;
    private final Matrix left;
    private final Matrix right;

    BaseWork(Work work, LeadingSearch search, List<Certified> certified) {
      this.work = work;
      this.base = work.base;
      this.question = work.question;
      this.search = search;
      this.certified = certified;
      int count = work.exact(search);
      left = search.leftVectors(count);
      right = search.rightVectors(count);
    }

    /** The vectors of one side and their runs. */
    private final class SideRuns {
      private final Matrix rest;
      private final Matrix cosines;
      private final double[] roundoff;
      private final LanczosRuns runs;
      private List<AtomBound> bounds = List.of();

      SideRuns(boolean isLeft) {
        int k = question.k();
        int vectors = (int) certified.stream().filter(one -> one != null).count() * k;
        int size = isLeft ? base.rows() : base.cols();
        Matrix basis = isLeft ? left : right;
        Matrix tuned = Matrix.allocate(vectors, size, precision);
        int at = 0;
        for (Certified one : certified) {
          if (one != null) {
            Triplets found = one.found();
            tuned
                .rowRange(at, at + k)
                .assign((isLeft ? found.left() : found.right()).rowRange(0, k));
            at += k;
          }
        }
        Matrix exactBasis = basis.in(Precision.DOUBLE);
        Matrix exact = tuned.to(Precision.DOUBLE);
        cosines = exact.times(exactBasis.t());
        if (basis.rows() > 0) {
          exact.plusProductInPlace(-1, cosines, exactBasis);
        }
        rest = exact.to(precision);
        roundoff = new double[vectors];
        Matrix error = rest.to(Precision.DOUBLE).plusInPlace(-1, exact);
        for (int i = 0; i < vectors; i++) {
          roundoff[i] = RowSpan.norm(error.rowRange(i, i + 1)) + ROUNDING * precision.epsilon();
        }
        int capacity = Math.min(LADDER[LADDER.length - 1], work.p - basis.rows() - 1);
        runs = new LanczosRuns(base.working(), isLeft, rest, left, right, capacity);
      }
    }

    Answer answer() {
      int count = left.rows();
      List<SideRuns> sides = new ArrayList<>();
      if (question.left()) {
        sides.add(new SideRuns(true));
      }
      if (question.right()) {
        sides.add(new SideRuns(false));
      }
      LanczosRuns probes = work.probes(base, left, right, MOST_PROBE_STEPS);
      List<Tuned> answers = new ArrayList<>();
      double lowest = 0;
      List<List<Integer>> open = new ArrayList<>();
      for (SideRuns side : sides) {
        open.add(all(side.runs));
      }
      for (int steps : LADDER) {
        for (int i = 0; i < sides.size(); i++) {
          sides.get(i).runs.extend(steps, open.get(i));
        }
        probes.extend(Math.min(steps, MOST_PROBE_STEPS), all(probes));
        List<LanczosRuns.Check> checks = new ArrayList<>();
        checks.add(probes.check(work.random));
        for (SideRuns side : sides) {
          checks.add(side.runs.check(work.random));
        }
        Matrix forth = right;
        Matrix back = left;
        for (LanczosRuns.Check check : checks) {
          forth = stacked(forth, check.right());
          back = stacked(back, check.left());
        }
        LinearMap.Products images =
            base.exact(forth.in(Precision.DOUBLE), back.in(Precision.DOUBLE));
        Triplets found =
            Triplets.measured(
                search.values(count),
                left,
                right,
                head(images, count),
                count < search.values().length ? search.values()[count] : 0);
        int from = count;
        SpectrumProbes spectrum =
            work.spectrum(probes, probes.bounds(checks.get(0), part(images, from)), base);
        for (int i = 0; i < sides.size(); i++) {
          from += LanczosRuns.NORM_PROBES;
          sides.get(i).bounds = sides.get(i).runs.bounds(checks.get(i + 1), part(images, from));
        }
        SpectrumProbes.Cut cut = spectrum.lowestCut(found, 1);
        double[] sines =
            cut.count() > 0 ? found.sines(cut.count(), cut.value()) : ones(found.count());
        lowest = Math.max(lowest, spectrum.lowest());
        answers.clear();
        boolean done = true;
        for (List<Integer> which : open) {
          which.clear();
        }
        int at = 0;
        for (Certified one : certified) {
          if (one == null) {
            answers.add(null);
            continue;
          }
          List<List<Bounds>> bySide = new ArrayList<>();
          for (int i = 0; i < sides.size(); i++) {
            List<Bounds> bounds = new ArrayList<>();
            for (int j = 0; j < question.k(); j++) {
              Bounds of = bounds(sides.get(i), at + j, found, sines, cut, lowest, one.sines()[j]);
              bounds.add(of);
              boolean decided = question.thresholds().stream().allMatch(of::decides);
              if (!decided && !sides.get(i).runs.ended(at + j)) {
                open.get(i).add(at + j);
                done = false;
              }
            }
            bySide.add(bounds);
          }
          answers.add(tuned(one, bySide));
          at += question.k();
        }
        if (done) {
          break;
        }
      }
      return new Answer(work.baseNorm, search.values()[0], lowest, answers);
    }

    private Bounds bounds(
        SideRuns side,
        int vector,
        Triplets found,
        double[] sines,
        SpectrumProbes.Cut cut,
        double lowest,
        double tunedSine) {
      double[] cosines = side.cosines.row(vector);
      double low = 0;
      int best = -1;
      double energy = cut.count() >= question.k() ? 0 : Double.NaN;
      for (int j = 0; j < cut.count(); j++) {
        double certain = Math.abs(cosines[j]) - sines[j];
        if (sines[j] < 0.5 && certain > low) {
          low = certain;
          best = j;
        }
        if (j < question.k()) {
          energy += cosines[j] * cosines[j];
        }
      }
      double slack = 2 * Math.sin(Math.asin(tunedSine) / 2) + side.roundoff[vector];
      low = Math.max(0, low - slack);
      AtomBound rest = side.bounds.get(vector);
      double norm = RowSpan.norm(side.rest.rowRange(vector, vector + 1));
      LeadingPart leading = new LeadingPart(found.values(), found.errors(), cosines);
      double largest = work.baseNorm * (1 + 1e-6);
      double high =
          Supremum.of(
              (from, to) ->
                  leading.over(from, to) + (rest == null ? norm : rest.over(from * from, to * to)),
              lowest,
              largest,
              TOLERANCE,
              Math.max(LOW_ENOUGH, low));
      high = Math.min(1, high + slack);
      return new Bounds(
          Math.min(low, high),
          high,
          low > 0 ? best : -1,
          low > 0 ? found.values()[best] : 0,
          low > 0 ? Math.min(1, Math.abs(cosines[best])) : 0,
          energy);
    }

    private Tuned tuned(Certified one, List<List<Bounds>> bySide) {
      int k = question.k();
      Triplets found = one.found();
      double[] residuals = new double[k];
      for (int j = 0; j < k; j++) {
        residuals[j] = found.errors()[j] / found.values()[j];
      }
      return new Tuned(
          Arrays.copyOf(found.values(), k),
          found.left().rowRange(0, k).transposed(),
          found.right().rowRange(0, k).transposed(),
          residuals,
          question.left() ? bySide.get(0) : List.of(),
          question.right() ? bySide.get(bySide.size() - 1) : List.of());
    }
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static List<Integer> all(LanczosRuns runs) {
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < runs.count(); i++) {
      all.add(i);
    }
    return all;
  }

  /** One above the other, in double precision. */
  private static Matrix stacked(Matrix top, Matrix bottom) {
    Matrix stacked = Matrix.allocate(top.rows() + bottom.rows(), top.cols(), Precision.DOUBLE);
    stacked.rowRange(0, top.rows()).assign(top);
    stacked.rowRange(top.rows(), stacked.rows()).assign(bottom);
    return stacked;
  }

  private static LinearMap.Products head(LinearMap.Products images, int count) {
    return new LinearMap.Products(
        images.forth().rowRange(0, count), images.back().rowRange(0, count));
  }

  private static LinearMap.Products part(LinearMap.Products images, int from) {
    int to = from + LanczosRuns.NORM_PROBES;
    return new LinearMap.Products(
        images.forth().rowRange(from, to), images.back().rowRange(from, to));
  }
}
