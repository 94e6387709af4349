package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.IntToDoubleFunction;

/** Bases with spectra of many kinds, updates of many strengths, and what is true of them. */
final class SyntheticSpectra {
  static final int K = 10;
  static final List<Double> SWEEP = List.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9);

  /** What came out for one family, over all its vectors. */
  static final class Count {
    int vectors;
    int undecided;
    int uncertified;
    int wrong;
    int highTooLow;
    int lowTooHigh;

    /** Undecided only where the base's leading triplets were known beforehand. */
    int lostByKnowing;

    double tightest = 1;

    @Override
    public String toString() {
      return "%d vectors, %d undecided at 0.5 (from known triplets %+d), %d not certified, %d wrong, bounds: %d high, %d low"
          .formatted(vectors, undecided, lostByKnowing, uncertified, wrong, highTooLow, lowTooHigh);
    }
  }

  private final SplittableRandom random;
  private final Precision precision;

  SyntheticSpectra(long seed, Precision precision) {
    this.random = new SplittableRandom(seed);
    this.precision = precision;
  }

  /** The families for a smaller dimension p. */
  static Map<String, IntToDoubleFunction> families(int p) {
    Map<String, IntToDoubleFunction> families = new TreeMap<>();
    families.put("decaying tail", i -> (i < 12 ? 4 - 0.25 * i : 0.6 / Math.sqrt(1 + 8.0 * i / p)));
    families.put("outliers", i -> i < 5 ? 20.0 / (1 + i) : 1 - 0.9 * i / p);
    for (double power : new double[] {0.3, 0.5, 0.7, 1, 1.5}) {
      families.put("power law i^-" + power, i -> Math.pow(i + 1, -power));
    }
    families.put("clusters", i -> i < 3 ? 5 - i : i < 9 ? 1.5 : i < 20 ? 1.2 : 0.5);
    families.put(
        "nearly equal pairs", i -> 4 / (1 + 0.2 * Math.floorDiv(i, 2)) * (1 + 1e-7 * (i % 2)));
    families.put("rank-deficient", i -> i < p / 2 ? 3 / (1 + 0.1 * i) : 0);
    families.put("orthogonal", i -> 1);
    families.put("flat", i -> 1 - 1e-3 * i / p);
    families.put("geometric", i -> Math.pow(0.9, i));
    families.put("two levels", i -> i < p / 3 ? 1 : 0.1);
    return families;
  }

  /** A matrix with this spectrum and random vectors. */
  static Matrix base(long seed, int m, int n, IntToDoubleFunction spectrum) {
    SplittableRandom random = new SplittableRandom(seed);
    int p = Math.min(m, n);
    double[] s = new double[p];
    for (int i = 0; i < p; i++) {
      s[i] = spectrum.applyAsDouble(i);
    }
    Matrix u = OrthonormalBasis.of(Gaussian.matrix(random, m, p, 1, Precision.DOUBLE)).q();
    Matrix v = OrthonormalBasis.of(Gaussian.matrix(random, n, p, 1, Precision.DOUBLE)).q();
    return u.scaleColumnsInPlace(s).times(v.t()).to(Precision.SINGLE);
  }

  /** Asks for a tuned version of a base and compares with dense decompositions. */
  void check(
      int m, int n, IntToDoubleFunction spectrum, double strength, boolean dense, Count count)
      throws IOException {
    int p = Math.min(m, n);
    try (Arena arena = Arena.open()) {
      double[] s = new double[p];
      for (int i = 0; i < p; i++) {
        s[i] = spectrum.applyAsDouble(i);
      }
      Matrix u = OrthonormalBasis.of(Gaussian.matrix(random, m, p, 1, Precision.DOUBLE)).q();
      Matrix v = OrthonormalBasis.of(Gaussian.matrix(random, n, p, 1, Precision.DOUBLE)).q();
      Matrix w0 = u.copy().scaleColumnsInPlace(s).times(v.t()).to(Precision.SINGLE);
      int rank = dense ? 12 : 1 + random.nextInt(12);
      Matrix b = Gaussian.matrix(random, m, rank, 1 / Math.sqrt(m), Precision.DOUBLE);
      Matrix a = Gaussian.matrix(random, rank, n, 1 / Math.sqrt(n), Precision.DOUBLE);
      if (random.nextInt(3) == 0) { // towards directions that the base has
        int at = random.nextInt(p);
        for (int i = 0; i < m; i++) {
          b.set(i, 0, u.get(i, at) + 0.5 * b.get(i, 0));
        }
      }
      double[] strengths = new double[rank];
      for (int i = 0; i < rank; i++) {
        strengths[i] = strength * s[Math.min(K, p - 1)] * 1.6 / (1 + 0.2 * i);
      }
      b.scaleColumnsInPlace(strengths);
      LinearMap.Whole base = new LinearMap.Whole(w0.in(precision));
      Matrix exact = w0.to(Precision.DOUBLE).plusProductInPlace(1, b, a);
      LinearMap tuned;
      if (dense) {
        Matrix noise =
            Gaussian.matrix(random, m, n, 0.05 * s[0] / Math.sqrt(m + n), Precision.DOUBLE);
        Matrix rounded = exact.plusInPlace(1, noise).to(Precision.SINGLE);
        exact = rounded.to(Precision.DOUBLE);
        tuned = new LinearMap.Whole(rounded.in(precision));
      } else {
        tuned = new LinearMap.Updated(base, b, a);
      }
      compare(w0.to(Precision.DOUBLE), List.of(exact), base, List.of(() -> tuned), count);
    }
  }

  /** Asks for several adapters of a base at once and compares each with dense decompositions. */
  void checkTogether(
      int m, int n, IntToDoubleFunction spectrum, List<Double> strengths, Count count)
      throws IOException {
    try (Arena arena = Arena.open()) {
      Matrix w0 = base(random.nextLong(), m, n, spectrum);
      LinearMap.Whole base = new LinearMap.Whole(w0.in(precision));
      List<Matrix> exact = new ArrayList<>();
      List<KrylovVerdicts.TunedMatrix> tuned = new ArrayList<>();
      for (double strength : strengths) {
        int rank = 1 + random.nextInt(40); // more than there are directions to search from, too
        double scale = strength * spectrum.applyAsDouble(K) / Math.sqrt(m);
        Matrix b = Gaussian.matrix(random, m, rank, scale, Precision.DOUBLE);
        Matrix a = Gaussian.matrix(random, rank, n, 1 / Math.sqrt(n), Precision.DOUBLE);
        exact.add(w0.to(Precision.DOUBLE).plusProductInPlace(1, b, a));
        tuned.add(() -> new LinearMap.Updated(base, b, a));
      }
      compare(w0.to(Precision.DOUBLE), exact, base, tuned, count);
    }
  }

  private void compare(
      Matrix w0,
      List<Matrix> exact,
      LinearMap base,
      List<KrylovVerdicts.TunedMatrix> tuned,
      Count count)
      throws IOException {
    KrylovVerdicts verdicts = new KrylovVerdicts(precision);
    KrylovVerdicts.Question question = new KrylovVerdicts.Question(K, true, true, List.of(0.5));
    KrylovVerdicts.Answer answer = verdicts.of(base, tuned, question);
    KrylovVerdicts.Answer again = verdicts.of(base, answer.leading(), tuned, question);
    Svd svd0 = LapackSvd.DIVIDE_AND_CONQUER.decompose(w0);
    for (int i = 0; i < tuned.size(); i++) {
      compare(w0, svd0, exact.get(i), answer.tuned().get(i), again.tuned().get(i), count);
    }
  }

  private static void compare(
      Matrix w0,
      Svd svd0,
      Matrix w,
      KrylovVerdicts.Tuned found,
      KrylovVerdicts.Tuned fromKnown,
      Count count) {
    count.vectors += 2 * K;
    if (found == null) {
      count.uncertified += 2 * K;
      return;
    }
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(w);
    int rank = 0;
    double floor = Precision.DOUBLE.noiseFloor(svd0.s()[0], Math.max(w0.rows(), w0.cols()));
    while (rank < svd0.s().length && svd0.s()[rank] > floor) {
      rank++;
    }
    Matrix left = svd0.u().columnRange(0, rank).t().times(svd.u().columnRange(0, K));
    Matrix right = svd0.vt().rowRange(0, rank).times(svd.vt().rowRange(0, K).t());
    for (int j = 0; j < K; j++) {
      compare(best(left.column(j)), found.left().get(j), count);
      compare(best(right.column(j)), found.right().get(j), count);
      if (fromKnown != null) {
        int undecided = count.undecided;
        compare(best(left.column(j)), fromKnown.left().get(j), count);
        compare(best(right.column(j)), fromKnown.right().get(j), count);
        count.lostByKnowing += count.undecided - undecided;
        count.undecided = undecided;
      }
    }
    count.lostByKnowing += fromKnown == null ? 2 * K : 0;
    for (int j = 0; j < K; j++) {
      count.lostByKnowing -= found.left().get(j).decides(0.5) ? 0 : 1;
      count.lostByKnowing -= found.right().get(j).decides(0.5) ? 0 : 1;
    }
  }

  private static void compare(double truth, KrylovVerdicts.Bounds bounds, Count count) {
    count.highTooLow += bounds.high() < truth - 1e-9 ? 1 : 0;
    count.lowTooHigh += bounds.low() > truth + 1e-9 ? 1 : 0;
    count.tightest = Math.min(count.tightest, bounds.high() - truth);
    count.undecided += bounds.decides(0.5) ? 0 : 1;
    for (double threshold : SWEEP) {
      if (bounds.decides(threshold) && (bounds.high() < threshold) != (truth < threshold)) {
        count.wrong++;
      }
    }
  }

  private static double best(double[] cosines) {
    double best = 0;
    for (double cosine : cosines) {
      best = Math.max(best, Math.abs(cosine));
    }
    return best;
  }
}
