package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.PrincipalAngles;
import io.github.intruders.linalg.RowSpan;
import io.github.intruders.spectra.CertifiedTriplets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

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
  private static final int BEYOND = 1;

  /** How many more than k directions a tuned matrix is searched from at least. */
  private static final int SPARE = 4;

  private static final double SMALLEST_UNIT = 3e-8;

  /** After how many Lanczos steps it is asked whether they will do. */
  private static final int[] LADDER = {
    3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 60, 72, 84, 96
  };

  /** After so many it is not only asked but checked, whatever is expected. */
  private static final List<Integer> CHECKED = List.of(24, 48, 96);

  /** From so many searches side by side on a product takes as long as it has columns. */
  private static final int MANY = 4;

  /** Tuned matrices up to so many times larger than the base are checked together. */
  private static final double ALIKE = 100;

  /** So many vectors go through the base beside its probes without taking longer. */
  private static final int FEW = 32;

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

  /** And for each tuned matrix. */
  private static final long CHECKED_TUNED_BYTES = 1024;

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
   * @param leading how all k together lie to the base's
   */
  public record Tuned(
      double[] values,
      Matrix u,
      Matrix v,
      double[] residuals,
      List<Bounds> left,
      List<Bounds> right,
      Leading leading) {
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
   * How the k leading vectors of a tuned matrix together lie to those of the base.
   *
   * @param leftAngles k principal angles of the left vectors' spans, in radians, descending; none
   *     where the base's leading vectors are not known
   * @param rightAngles the same of the right vectors
   * @param angleError by how much each of them may be off; infinite where they are not known
   * @param shift ‖σ − σ0‖₂ / ‖σ0‖₂ over the k leading singular values; not a number where the
   *     base's are not known
   * @param shiftError by how much it may be off
   */
  public record Leading(
      double[] leftAngles,
      double[] rightAngles,
      double angleError,
      double shift,
      double shiftError) {
    /** Nothing is known. */
    static final Leading UNKNOWN =
        new Leading(
            new double[0],
            new double[0],
            Double.POSITIVE_INFINITY,
            Double.NaN,
            Double.POSITIVE_INFINITY);

    static Leading of(Triplets base, SpectrumProbes.Cut cut, Certified tuned, int k) {
      double angleError = base.spanError(k, cut.count(), cut.value()) + tuned.spanError();
      if (!(angleError < Double.POSITIVE_INFINITY)) {
        return UNKNOWN;
      }
      Triplets found = tuned.found();
      double[] differences = new double[k];
      for (int j = 0; j < k; j++) {
        differences[j] = found.values()[j] - base.values()[j];
      }
      double size = Matrix.norm(Arrays.copyOf(base.values(), k));
      return new Leading(
          angles(base.left(), found.left(), k),
          angles(base.right(), found.right(), k),
          angleError,
          Matrix.norm(differences) / size,
          (base.shift(cut.count()) + found.shift(tuned.complete())) * Math.sqrt(k) / size);
    }

    private static double[] angles(Matrix base, Matrix tuned, int k) {
      return PrincipalAngles.between(
          base.rowRange(0, k).transposed(), tuned.rowRange(0, k).transposed());
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
   * @param leading the base's leading triplets, in the arena that was open; null where there are
   *     none, or nothing is to be added to those that were given
   */
  public record Answer(
      double baseNorm,
      double baseSpectralNorm,
      double baseLowest,
      List<Tuned> tuned,
      CertifiedTriplets leading) {}

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
    int width = tunedWidth(p, k);
    int together = Math.min(tuned, searchedTogether(p, k));
    // The spaces of searches are gone when Lanczos runs begin.
    long spaces =
        Math.max((long) MOST_STEPS * width(p), (long) together * (MOST_STEPS + 3) * width);
    long runs =
        (1L + tuned) * SpectrumProbes.COUNT * (MOST_PROBE_STEPS + 1)
            + (long) sides * tuned * k * (LADDER[LADDER.length - 1] + 1);
    long found = (long) tuned * width;
    return (rows + (long) cols)
        * (Float.BYTES * (Math.max(spaces, runs) + found)
            + CHECKED_BYTES
            + tuned * CHECKED_TUNED_BYTES);
  }

  /** The unit of rounding, or what is as good as none of it. */
  private double unit() {
    return Math.max(precision.epsilon(), SMALLEST_UNIT);
  }

  private static int width(int p) {
    return Math.max(WIDTH, Math.min(WIDEST, p / 12 / WIDTH * WIDTH));
  }

  /** How many tuned matrices that differ from the base by an adapter are searched at once. */
  static int searchedTogether(int p, int k) {
    return Math.max(1, JointSearch.COLUMNS / Math.min(leastWidth(k), tunedWidth(p, k)));
  }

  private static int leastWidth(int k) {
    return (k + SPARE + WIDTH - 1) / WIDTH * WIDTH;
  }

  private static int tunedWidth(int p, int k) {
    return Math.max(width(p), leastWidth(k) + WIDTH);
  }

  /**
   * Bounds for the leading vectors of tuned matrices.
   *
   * @param base W0
   * @param tuned the tuned matrices, each of W0's shape, read one after the other
   */
  public Answer of(LinearMap base, List<? extends TunedMatrix> tuned, Question question)
      throws IOException {
    return of(base, null, tuned, question);
  }

  /**
   * The same where leading triplets of the base are known. Their residuals are measured again, and
   * if they turn out not to be the base's, or are fewer than are needed, the base is searched.
   *
   * @param known {@link Answer#leading} of an earlier answer for the same base, or null
   */
  public Answer of(
      LinearMap base, CertifiedTriplets known, List<? extends TunedMatrix> tuned, Question question)
      throws IOException {
    return new Work(base, question).answer(known, tuned);
  }

  /** A tuned matrix that is read when its turn comes. */
  @FunctionalInterface
  public interface TunedMatrix {
    /** The matrix, in the arena that is open; null if it can't be had, and then its answer is. */
    LinearMap read() throws IOException;
  }

  /** Leading triplets of a tuned matrix as they were searched, not yet measured. */
  private record Searched(double[] values, Matrix left, Matrix right, double next) {
    Triplets measured(LinearMap.Products images) {
      return Triplets.measured(values, left, right, images, next);
    }
  }

  /**
   * Where the work on a base matrix starts.
   *
   * @param found its leading triplets, not yet measured here
   * @param searchedFor how many the search waited for
   * @param spectralNorm as far as it is known
   * @param known what was known beforehand; null where the base was searched
   */
  private record Start(
      Searched found, int searchedFor, double spectralNorm, CertifiedTriplets known) {
    /** What was known of the completeness of these triplets. */
    SpectrumProbes.Cut cut() {
      return known == null || known.complete() == 0
          ? SpectrumProbes.Cut.NONE
          : new SpectrumProbes.Cut(known.complete(), known.cut());
    }

    double lowest() {
      return known == null ? 0 : known.lowest();
    }
  }

  /** A tuned matrix whose triplets are certified. */
  private record Certified(Triplets found, double[] sines, int complete, double spanError) {}

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
      this.baseNorm = base.norm();
    }

    Answer answer(CertifiedTriplets known, List<? extends TunedMatrix> tuned) throws IOException {
      int wanted = Math.min(question.k() + BEYOND, p / 2);
      Start start = null;
      if (baseNorm > SMALLEST_NORM && baseNorm < LARGEST_NORM) {
        boolean enough =
            known != null && known.searchedFor() >= wanted && known.suits(base.rows(), base.cols());
        start = enough ? start(known) : start(wanted);
      }
      if (start == null) {
        return undecided(tuned.size());
      }
      List<Tuning> tunings = tunings(start, tuned);
      Answer answer = new BaseWork(this, start, tunings).answer();
      if (answer == null) { // what was known is not of this base
        start = start(wanted);
        answer = start == null ? null : new BaseWork(this, start, tunings).answer();
      }
      return answer == null ? undecided(tuned.size()) : answer;
    }

    private Answer undecided(int tuned) {
      return new Answer(baseNorm, 0, 0, Collections.nCopies(tuned, null), null);
    }

    private Start start(CertifiedTriplets known) {
      Searched found =
          new Searched(
              known.values(),
              known.left().in(precision),
              known.right().in(precision),
              known.next());
      return new Start(found, known.searchedFor(), known.values()[0], known);
    }

    /** Searches the base; null where the precision does not hold the numbers. */
    private Start start(int wanted) {
      try (Arena arena = Arena.open()) {
        int width = width(p);
        LeadingSearch search =
            new LeadingSearch(base.working(), gaussian(width, base.cols()), mostSteps(width));
        Convergence convergence = new Convergence(search, wanted, unit());
        if (!converge(search, convergence)) {
          return null;
        }
        Searched found = found(search, convergence.exact(p / MOST_CONVERGED));
        arena.keep(found.left());
        arena.keep(found.right());
        return new Start(found, wanted, search.values()[0], null);
      }
    }

    private List<Tuning> tunings(Start start, List<? extends TunedMatrix> tuned)
        throws IOException {
      List<Tuning> tunings = new ArrayList<>(Collections.nCopies(tuned.size(), null));
      Map<Integer, LanczosRuns.LowRank> together = new TreeMap<>();
      for (int i = 0; i < tuned.size(); i++) {
        try (Arena arena = Arena.open()) {
          LinearMap map = tuned.get(i).read();
          if (map instanceof LinearMap.Updated updated) {
            together.put(
                i,
                new LanczosRuns.LowRank(
                    arena.keep(updated.b().copy()), arena.keep(updated.a().copy())));
          } else if (map != null) {
            tunings.set(i, search(map, start.found(), arena));
          }
        }
        if (together.size() == searchedTogether(p, question.k()) || i + 1 == tuned.size()) {
          search(together, start.found(), tunings);
          together.clear();
        }
      }
      return tunings;
    }

    private int mostSteps(int width) {
      return Math.max(1, Math.min(MOST_STEPS, p / width));
    }

    /** Goes on to the end; false if the precision does not hold the numbers. */
    private static boolean converge(LeadingSearch search, Convergence convergence) {
      while (!convergence.isOver()) {
        if (!search.step()) {
          return false;
        }
        convergence.stepped();
      }
      return true;
    }

    /**
     * A search of a tuned matrix.
     *
     * @param a what the update's rows are; null where there are none
     * @param many whether it is one of many that go through the base side by side; then fewer
     *     directions in more steps take less
     */
    private LeadingSearch searchOf(LinearOperator tuned, Matrix a, Searched ofBase, boolean many) {
      int width = tunedWidth(p, question.k());
      Matrix start = tunedStart(a, tuned.cols(), ofBase, width);
      int fewer = leastWidth(question.k());
      if (!many || fewer >= width) {
        return new LeadingSearch(tuned, start, mostSteps(width));
      }
      return new LeadingSearch(
          tuned,
          gaussian(fewer, width).times(start),
          Math.min(MOST_STEPS * width / fewer, p / fewer));
    }

    private Convergence convergence(LeadingSearch search) {
      return new Convergence(search, Math.min(question.k() + 1, p / 2), unit());
    }

    /** The leading triplets of a tuned matrix; null where the search does not come to them. */
    private Searched found(LeadingSearch search, Convergence convergence, Arena arena) {
      int count = convergence.exact(p / MOST_CONVERGED);
      if (count < question.k()) {
        return null;
      }
      Searched found = found(search, count);
      arena.keep(found.left());
      arena.keep(found.right());
      return found;
    }

    /**
     * The leading triplets of a whole tuned matrix.
     *
     * @param arena that the matrix lives in; the triplets outlive it
     * @return null where they can't be certified
     */
    private Tuning search(LinearMap map, Searched ofBase, Arena arena) {
      LeadingSearch search = searchOf(map.working(), null, ofBase, false);
      Convergence convergence = convergence(search);
      Searched found = converge(search, convergence) ? found(search, convergence, arena) : null;
      Certified certified = found == null ? null : certify(map, found);
      return certified == null ? null : new Tuning(found, null, certified);
    }

    /** The leading triplets of the base with each of these updates, searched side by side. */
    private void search(
        Map<Integer, LanczosRuns.LowRank> updates, Searched ofBase, List<Tuning> tunings) {
      try (Arena arena = Arena.open()) {
        Map<Integer, JointSearch.Member> members = new TreeMap<>();
        updates.forEach(
            (at, update) -> {
              LeadingSearch search =
                  searchOf(base.working(), update.a(), ofBase, updates.size() >= MANY);
              members.put(
                  at, new JointSearch.Member(search, convergence(search), update.in(precision)));
            });
        new JointSearch(base.working()).run(List.copyOf(members.values()));
        members.forEach(
            (at, member) -> {
              Searched found =
                  member.failed() ? null : found(member.search(), member.convergence(), arena);
              if (found != null) {
                tunings.set(at, new Tuning(found, updates.get(at), null));
              }
            });
      }
    }

    private Searched found(LeadingSearch search, int count) {
      return new Searched(
          search.values(count),
          search.leftVectors(count),
          search.rightVectors(count),
          count < search.values().length ? search.values()[count] : 0);
    }

    /** Certifies the leading triplets of a whole tuned matrix; null where that fails. */
    private Certified certify(LinearMap map, Searched searched) {
      Matrix left = searched.left();
      Matrix right = searched.right();
      LanczosRuns probes = probes(map.working(), null, left, right, MOST_PROBE_STEPS);
      for (int steps = PROBE_STEPS; steps <= MOST_PROBE_STEPS; steps += PROBE_STEPS) {
        LanczosRuns.extend(map.working(), List.of(probes.walk(steps, all(probes))));
        LanczosRuns.Check check = probes.check(random);
        LinearMap.Products images =
            map.exact(stacked(right, check.right()), stacked(left, check.left()));
        int count = left.rows();
        Certified certified =
            certified(
                searched.measured(head(images, count)),
                spectrum(probes, probes.bounds(check, part(images, count)), map.norm()));
        if (certified != null) {
          return certified;
        }
      }
      return null;
    }

    /** What probes tell of triplets; null where it is not enough. */
    private Certified certified(Triplets found, SpectrumProbes spectrum) {
      SpectrumProbes.Cut cut = spectrum.lowestCut(found, question.k());
      return cut.count() < question.k()
          ? null
          : new Certified(
              found,
              found.sines(cut.count(), cut.value()),
              cut.count(),
              found.spanError(question.k(), cut.count(), cut.value()));
    }

    private SpectrumProbes spectrum(LanczosRuns probes, List<AtomBound> bounds, double norm) {
      double[] norms = new double[probes.count()];
      for (int i = 0; i < norms.length; i++) {
        norms[i] = probes.norm(i);
      }
      return new SpectrumProbes(
          bounds, norms, ROUNDING * 4 * precision.epsilon(), norm * (1 + 1e-6));
    }

    /** Random vectors of the short side, without what is in the span of triplets. */
    private LanczosRuns probes(
        LinearOperator m, LanczosRuns.LowRank update, Matrix left, Matrix right, int capacity) {
      boolean fromLeft = m.rows() <= m.cols();
      Matrix starts = gaussian(SpectrumProbes.COUNT, p);
      LanczosRuns.removeSpan(fromLeft ? left : right, starts);
      return new LanczosRuns(
          m, update, fromLeft, starts, left, right, Math.min(capacity, p - left.rows() - 1));
    }

    /**
     * The base's leading vectors, the update's rows, and random ones.
     *
     * @param update its rows in double precision; null where it is not known
     */
    private Matrix tunedStart(Matrix update, int cols, Searched ofBase, int width) {
      Matrix start = gaussian(width, cols);
      int warm = Math.min(Math.min(question.k() + SPARE, ofBase.values().length), width);
      start.rowRange(0, warm).assign(ofBase.right().rowRange(0, warm));
      if (update != null) {
        Matrix a = update;
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
      return Gaussian.matrix(random, rows, cols, 1, precision);
    }
  }

  /** A tuned matrix on its way to an answer. */
  private static final class Tuning {
    private final Searched searched;
    private final LanczosRuns.LowRank update;
    private Certified certified;
    private LanczosRuns probes;

    /**
     * @param update what it differs from the base by, in double precision; null where the tuned
     *     matrix is certified by itself
     * @param certified null where that is done beside the runs on the base
     */
    Tuning(Searched searched, LanczosRuns.LowRank update, Certified certified) {
      this.searched = searched;
      this.update = update;
      this.certified = certified;
    }

    /** Whether further steps of the probes may certify it. */
    private boolean probed() {
      return probes != null && all(probes).stream().anyMatch(i -> !probes.ended(i));
    }
  }

  /** The runs on the base itself, and those on tuned matrices that go through it. */
  private final class BaseWork {
    private final Work work;
    private final LinearMap base;
    private final Question question;
    private final Start start;
    private final List<Tuning> tunings;
    private final Matrix left;
    private final Matrix right;

    BaseWork(Work work, Start start, List<Tuning> tunings) {
      this.work = work;
      this.base = work.base;
      this.question = work.question;
      this.start = start;
      this.tunings = tunings;
      left = start.found().left();
      right = start.found().right();
    }

    /** The probes of a tuned matrix whose triplets are not certified yet. */
    private final class TunedProbes {
      private final Tuning tuning;
      private final LanczosRuns runs;
      private final double norm;

      TunedProbes(Tuning tuning) {
        this.tuning = tuning;
        Matrix b = tuning.update.b();
        Matrix a = tuning.update.a();
        norm = work.baseNorm + b.frobeniusNorm() * a.frobeniusNorm();
        runs =
            work.probes(
                base.working(),
                tuning.update.in(precision),
                tuning.searched.left(),
                tuning.searched.right(),
                MOST_PROBE_STEPS);
        tuning.probes = runs;
      }
    }

    /** The vectors of one side and their runs. */
    private final class SideRuns {
      private final Matrix rest;
      private final Matrix cosines;
      private final double[] roundoff;
      private final LanczosRuns runs;

      SideRuns(boolean isLeft) {
        int k = question.k();
        int vectors = (int) tunings.stream().filter(Objects::nonNull).count() * k;
        int size = isLeft ? base.rows() : base.cols();
        Matrix basis = isLeft ? left : right;
        Matrix tuned = Matrix.allocate(vectors, size, precision);
        int at = 0;
        for (Tuning one : tunings) {
          if (one != null) {
            Searched found = one.searched;
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
        runs = new LanczosRuns(base.working(), null, isLeft, rest, left, right, capacity);
      }
    }

    /** The answer; null where the triplets that were known are not the base's. */
    Answer answer() {
      List<SideRuns> sides = new ArrayList<>();
      if (question.left()) {
        sides.add(new SideRuns(true));
      }
      if (question.right()) {
        sides.add(new SideRuns(false));
      }
      LanczosRuns probes = tellsEnough(start.cut(), start.lowest()) ? null : probes();
      List<TunedProbes> tuned = new ArrayList<>();
      for (Tuning one : tunings) {
        if (one != null && one.certified == null) {
          tuned.add(new TunedProbes(one));
        }
      }
      List<List<Integer>> open = new ArrayList<>();
      for (SideRuns side : sides) {
        open.add(all(side.runs));
      }
      Evaluation last = null;
      Set<LanczosRuns> enough = new HashSet<>();
      boolean waiting = isWorthWaiting(open);
      int late = 0;
      for (int rung = 0; rung - late < LADDER.length; rung++) {
        int steps = LADDER[rung - late];
        List<LanczosRuns.Walk> walks = new ArrayList<>();
        for (int i = 0; !waiting && i < sides.size(); i++) {
          walks.add(sides.get(i).runs.walk(steps, open.get(i)));
        }
        int probeSteps = LADDER[Math.min(rung, LADDER.length - 1)];
        List<LanczosRuns> probing = new ArrayList<>();
        if (probes != null) {
          probing.add(probes);
        }
        tuned.forEach(one -> probing.add(one.runs));
        probing.removeAll(enough);
        probing.forEach(runs -> walks.add(runs.walk(probeSteps, all(runs))));
        LanczosRuns.extend(base.working(), walks);
        if (waiting) {
          double lowest = expect(sides, probes, tuned, enough).lowest;
          waiting = lowest == 0 && probeSteps < MOST_PROBE_STEPS;
          late = rung + 1;
          continue;
        }
        if (!CHECKED.contains(steps)) {
          Evaluation expected = expect(sides, probes, tuned, enough);
          if (!expected.isDone()) {
            for (int i = 0; i < open.size(); i++) {
              open.set(i, List.copyOf(expected.open.get(i)));
            }
            continue;
          }
        }
        last = check(sides, probes, tuned, last == null ? start.lowest() : last.lowest);
        if (!last.isOfThisBase()) {
          return null;
        }
        enough.clear(); // what was expected of them may not have come true
        tuned.removeIf(one -> one.tuning.certified != null);
        if (last.isDone()) {
          break;
        }
        for (int i = 0; i < open.size(); i++) {
          open.set(i, List.copyOf(last.open.get(i)));
        }
        probes = probes == null ? probes() : probes; // may tell more than was known
      }
      return new Answer(
          work.baseNorm, start.spectralNorm(), last.lowest, last.answers(), last.leading());
    }

    /**
     * Whether the vectors' runs rather begin when it is known that no base value hides near zero.
     * Vectors of a longer side lie outside the base's span in part, and until then no number of
     * steps may tell that part from a base vector. A few run along at no cost.
     */
    private boolean isWorthWaiting(List<List<Integer>> open) {
      boolean longer =
          (question.left() && base.rows() > base.cols())
              || (question.right() && base.cols() > base.rows());
      return longer && start.lowest() == 0 && open.stream().mapToInt(List::size).sum() > FEW;
    }

    private LanczosRuns probes() {
      return work.probes(base.working(), null, left, right, MOST_PROBE_STEPS);
    }

    /** Whether more of the base's spectrum need not be known for most vectors. */
    private boolean tellsEnough(SpectrumProbes.Cut cut, double lowest) {
      return cut.count() >= question.k() && (base.rows() == base.cols() || lowest > 0);
    }

    /**
     * What a check would come to, by errors as they mostly are. It proves nothing.
     *
     * @param enough takes the probes that need not go on, by what is expected
     */
    private Evaluation expect(
        List<SideRuns> sides,
        LanczosRuns probes,
        List<TunedProbes> tuned,
        Set<LanczosRuns> enough) {
      Triplets found = expected(start.found().values(), left, right, start.found().next());
      for (TunedProbes one : tuned) {
        Searched searched = one.tuning.searched;
        Triplets triplets =
            expected(searched.values(), searched.left(), searched.right(), searched.next());
        one.tuning.certified =
            work.certified(triplets, work.spectrum(one.runs, one.runs.expected(), one.norm));
        if (one.tuning.certified != null) {
          enough.add(one.runs);
        }
      }
      Evaluation evaluation =
          new Evaluation(
              sides,
              sides.stream().map(side -> side.runs.expected()).toList(),
              found,
              probes == null ? null : work.spectrum(probes, probes.expected(), work.baseNorm),
              start.lowest());
      tuned.forEach(one -> one.tuning.certified = null);
      if (probes != null && tellsEnough(evaluation.cut, evaluation.lowest)) {
        enough.add(probes);
      }
      return evaluation;
    }

    private Triplets expected(double[] values, Matrix left, Matrix right, double next) {
      double[] errors = new double[values.length];
      Arrays.fill(errors, Convergence.FLOOR * unit() * values[0]);
      return new Triplets(values, left, right, errors, next);
    }

    /** Measures all errors in one pass over the base in double precision. */
    private Evaluation check(
        List<SideRuns> sides, LanczosRuns probes, List<TunedProbes> tuned, double lowest) {
      int count = left.rows();
      List<LanczosRuns.Check> checks = new ArrayList<>();
      if (probes != null) {
        checks.add(probes.check(work.random));
      }
      for (SideRuns side : sides) {
        checks.add(side.runs.check(work.random));
      }
      List<Matrix> forth = new ArrayList<>(List.of(right));
      List<Matrix> back = new ArrayList<>(List.of(left));
      for (LanczosRuns.Check check : checks) {
        forth.add(check.right());
        back.add(check.left());
      }
      List<List<TunedProbes>> together = checkedTogether(tuned);
      for (List<TunedProbes> group : together) {
        LanczosRuns.Check check = check(group);
        checks.add(check);
        forth.add(check.right());
        back.add(check.left());
      }
      for (TunedProbes one : tuned) {
        forth.add(one.tuning.searched.right());
        back.add(one.tuning.searched.left());
      }
      Matrix through = stacked(forth);
      Matrix backwards = stacked(back);
      LinearMap.Products images = base.exact(through, backwards);
      int from = count;
      int at = 0;
      SpectrumProbes spectrum = null;
      if (probes != null) {
        spectrum =
            work.spectrum(
                probes, probes.bounds(checks.get(at++), part(images, from)), work.baseNorm);
        from += LanczosRuns.NORM_PROBES;
      }
      List<List<AtomBound>> bounds = new ArrayList<>();
      for (SideRuns side : sides) {
        bounds.add(side.runs.bounds(checks.get(at++), part(images, from)));
        from += LanczosRuns.NORM_PROBES;
      }
      Map<TunedProbes, List<AtomBound>> ofTuned = new HashMap<>();
      for (List<TunedProbes> group : together) {
        LanczosRuns.Check check = checks.get(at++);
        LinearMap.Products ofGroup = part(images, from);
        from += LanczosRuns.NORM_PROBES;
        group.forEach(one -> ofTuned.put(one, one.runs.bounds(check, ofGroup)));
      }
      for (TunedProbes one : tuned) {
        int to = from + one.tuning.searched.values().length;
        LinearMap.Products ofOne = range(images, from, to);
        one.tuning.update.addTo(ofOne.forth(), through.rowRange(from, to), true);
        one.tuning.update.addTo(ofOne.back(), backwards.rowRange(from, to), false);
        from = to;
        one.tuning.certified =
            work.certified(
                one.tuning.searched.measured(ofOne),
                work.spectrum(one.runs, ofTuned.get(one), one.norm));
      }
      Triplets found = start.found().measured(head(images, count));
      return new Evaluation(sides, bounds, found, spectrum, lowest);
    }

    /**
     * Tuned matrices whose recurrences are checked as one: all but those of another order of size,
     * whose errors would hide those of the others.
     */
    private List<List<TunedProbes>> checkedTogether(List<TunedProbes> tuned) {
      List<TunedProbes> alike = new ArrayList<>();
      List<List<TunedProbes>> groups = new ArrayList<>();
      for (TunedProbes one : tuned) {
        if (one.tuning.searched.values()[0] <= ALIKE * start.spectralNorm()) {
          alike.add(one);
        } else {
          groups.add(List.of(one));
        }
      }
      if (!alike.isEmpty()) {
        groups.add(alike);
      }
      return groups;
    }

    /**
     * What is checked of the recurrences of several tuned matrices at once: the sum of what goes
     * through the base, and of what should come out. The errors of all together, side by side, are
     * no smaller than those of one.
     */
    private LanczosRuns.Check check(List<TunedProbes> tuned) {
      LanczosRuns.Check sum = null;
      for (TunedProbes one : tuned) {
        LanczosRuns.Check check = one.runs.check(work.random).without(one.tuning.update);
        sum = sum == null ? check : sum.plus(check);
      }
      return sum;
    }

    /** What follows from bounds, be they checked or expected. */
    private final class Evaluation {
      private final List<SideRuns> sides;
      private final List<List<AtomBound>> rest;
      private final Triplets found;
      private final SpectrumProbes.Cut cut;
      private final double[] sines;
      private final double lowest;
      private final List<List<List<Bounds>>> bounds = new ArrayList<>();
      private final List<List<Integer>> open = new ArrayList<>();

      Evaluation(
          List<SideRuns> sides,
          List<List<AtomBound>> rest,
          Triplets found,
          SpectrumProbes spectrum,
          double lowestBefore) {
        this.sides = sides;
        this.rest = rest;
        this.found = found;
        SpectrumProbes.Cut told =
            spectrum == null ? SpectrumProbes.Cut.NONE : spectrum.lowestCut(found, 1);
        cut = told.count() > start.cut().count() ? told : start.cut();
        sines = cut.count() > 0 ? found.sines(cut.count(), cut.value()) : ones(found.count());
        lowest = spectrum == null ? lowestBefore : Math.max(lowestBefore, spectrum.lowest());
        for (int i = 0; i < sides.size(); i++) {
          open.add(new ArrayList<>());
        }
        int at = 0;
        for (Tuning one : tunings) {
          if (one == null) {
            bounds.add(null);
            continue;
          }
          bounds.add(one.certified == null ? null : ofTuning(one, at));
          if (one.certified == null && one.probed()) {
            waitFor(at);
          }
          at += question.k();
        }
      }

      private List<List<Bounds>> ofTuning(Tuning one, int at) {
        List<List<Bounds>> bySide = new ArrayList<>();
        for (int i = 0; i < sides.size(); i++) {
          List<Bounds> ofSide = new ArrayList<>();
          for (int j = 0; j < question.k(); j++) {
            Bounds of = of(i, at + j, one.certified.sines()[j]);
            ofSide.add(of);
            boolean decided = question.thresholds().stream().allMatch(of::decides);
            if (!decided && !sides.get(i).runs.ended(at + j)) {
              open.get(i).add(at + j);
            }
          }
          bySide.add(ofSide);
        }
        return bySide;
      }

      /** Vectors whose matrix is not certified yet go on. */
      private void waitFor(int at) {
        for (int i = 0; i < sides.size(); i++) {
          for (int j = 0; j < question.k(); j++) {
            if (!sides.get(i).runs.ended(at + j)) {
              open.get(i).add(at + j);
            }
          }
        }
      }

      /** Whether the triplets, if they were known, have the residuals that they had. */
      boolean isOfThisBase() {
        CertifiedTriplets known = start.known();
        for (int j = 0; known != null && j < found.count(); j++) {
          double rounding = Convergence.FLOOR * unit() * found.values()[0];
          if (!(found.errors()[j] <= 2 * known.errors()[j] + rounding)) {
            return false;
          }
        }
        return true;
      }

      /** What a later run may start from; null if that is what was known, or nothing. */
      CertifiedTriplets leading() {
        CertifiedTriplets known = start.known();
        boolean enoughBefore = tellsEnough(start.cut(), start.lowest());
        if (known != null && (enoughBefore || !tellsEnough(cut, lowest))) {
          return null;
        }
        return found.count() == 0 || !(found.values()[found.count() - 1] > 0)
            ? null
            : new CertifiedTriplets(
                start.searchedFor(),
                found.values(),
                known == null ? left : left.copy(),
                known == null ? right : right.copy(),
                found.errors(),
                found.next(),
                cut.count(),
                cut.count() == 0 ? 0 : cut.value(),
                lowest);
      }

      boolean isDone() {
        return open.stream().allMatch(List::isEmpty);
      }

      List<Tuned> answers() {
        List<Tuned> answers = new ArrayList<>();
        for (int i = 0; i < tunings.size(); i++) {
          if (bounds.get(i) == null) {
            answers.add(null);
            continue;
          }
          Certified one = tunings.get(i).certified;
          answers.add(tuned(one, bounds.get(i), Leading.of(found, cut, one, question.k())));
        }
        return answers;
      }

      private Bounds of(int side, int vector, double tunedSine) {
        return bounds(
            sides.get(side),
            rest.get(side).get(vector),
            vector,
            found,
            sines,
            cut,
            lowest,
            tunedSine);
      }
    }

    private Bounds bounds(
        SideRuns side,
        AtomBound rest,
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

    private Tuned tuned(Certified one, List<List<Bounds>> bySide, Leading leading) {
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
          question.right() ? bySide.get(bySide.size() - 1) : List.of(),
          leading);
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
    return stacked(List.of(top, bottom));
  }

  private static Matrix stacked(List<Matrix> blocks) {
    int rows = blocks.stream().mapToInt(Matrix::rows).sum();
    Matrix stacked = Matrix.allocate(rows, blocks.get(0).cols(), Precision.DOUBLE);
    int from = 0;
    for (Matrix block : blocks) {
      int to = from + block.rows();
      stacked.rowRange(from, to).assign(block);
      from = to;
    }
    return stacked;
  }

  private static LinearMap.Products head(LinearMap.Products images, int count) {
    return new LinearMap.Products(
        images.forth().rowRange(0, count), images.back().rowRange(0, count));
  }

  private static LinearMap.Products part(LinearMap.Products images, int from) {
    return range(images, from, from + LanczosRuns.NORM_PROBES);
  }

  private static LinearMap.Products range(LinearMap.Products images, int from, int to) {
    return new LinearMap.Products(
        images.forth().rowRange(from, to), images.back().rowRange(from, to));
  }
}
