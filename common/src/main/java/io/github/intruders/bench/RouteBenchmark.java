package io.github.intruders.bench;

import io.github.intruders.krylov.KrylovVerdicts;
import io.github.intruders.krylov.LinearMap;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SideBySide;
import io.github.intruders.linalg.Svd;
import io.github.intruders.scan.CoordinateUpdate;
import io.github.intruders.scan.MatrixScan;
import io.github.intruders.scan.Routes;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedSolver;
import io.github.intruders.scan.TunedSpectrum;
import io.github.intruders.scan.VectorScan;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;

/**
 * The fast routes beside the published algorithm, in one run on one synthetic matrix: a spectrum
 * with a decaying tail and leading outliers, and updates strong enough to bring intruders.
 *
 * <p>The reference is what the paper's script does for each checkpoint: dense decompositions of
 * base and tuned in single precision by the same LAPACK with the same threads, then all cosines.
 */
public final class RouteBenchmark {
  /** What kind of update is benchmarked. */
  public enum Update {
    /** An adapter. */
    LOW_RANK,
    /** A full fine-tune. */
    DENSE;

    @Override
    public String toString() {
      return this == LOW_RANK ? "low-rank" : "dense";
    }
  }

  /**
   * The matrix, the updates, and how they are measured.
   *
   * @param references how many of the checkpoints the reference runs on
   */
  public record Settings(
      int rows, int cols, int rank, int checkpoints, int references, int threads, Update update) {}

  /**
   * Times in seconds per checkpoint and matrix.
   *
   * @param referenceSeconds the published algorithm
   * @param fastSeconds the fast route with the base's decomposition at hand
   * @param baseSeconds the base's decomposition, once
   * @param speedup reference over fast
   * @param speedupWithBase the same with the base's decomposition shared over the checkpoints
   * @param maxSimilarityDifference of best similarities, fast against reference
   * @param maxSingularValueRelativeDifference fast against reference
   * @param intruderCountsEqual at every threshold of the sweep
   * @param fallbacks checkpoints that needed the dense route
   * @param updateStatisticsSeconds norm and exact effective rank of the update; part of the fast
   *     time for an adapter, not for a full fine-tune, where the published algorithm has nothing
   *     like it
   * @param rankSeconds norm and effective rank of a full fine-tune's update the way a scan finds
   *     them; null for an adapter, as the next two
   * @param speedupWithRank reference over fast and that together
   * @param rankError relative difference of that effective rank from the exact one, the largest
   * @param gemmGflops rate of a large square product in single precision
   * @param projectionGflops rate of the products that bring the updates into the base's coordinates
   */
  public record Result(
      int rows,
      int cols,
      int rank,
      int checkpoints,
      int threads,
      String update,
      double referenceSeconds,
      double fastSeconds,
      double baseSeconds,
      double speedup,
      double speedupWithBase,
      double maxSimilarityDifference,
      double maxSingularValueRelativeDifference,
      boolean intruderCountsEqual,
      int fallbacks,
      double updateStatisticsSeconds,
      Double rankSeconds,
      Double speedupWithRank,
      Double rankError,
      double gemmGflops,
      double projectionGflops) {}

  /**
   * The route without the base's decomposition beside the published algorithm, nothing stored.
   * Times in seconds per checkpoint and matrix.
   *
   * @param referenceSeconds the published algorithm
   * @param baseSeconds the base's decomposition in double precision, once: what the other routes
   *     take first where nothing is stored
   * @param coldSeconds everything from the matrices to the verdicts; where verdicts stay open, with
   *     that decomposition
   * @param coldSpeedup reference over that
   * @param wrongVerdicts of the reference's vectors, those with another verdict at the threshold
   * @param undecided vectors without a verdict, over all checkpoints
   * @param exactSimilarities vectors whose best similarity is known as a value
   * @param maxSimilarityDifference of these, against the reference
   * @param gemmGflops rate of a large square product in single precision
   */
  public record ColdResult(
      int rows,
      int cols,
      int rank,
      int checkpoints,
      int threads,
      String update,
      String route,
      double referenceSeconds,
      double baseSeconds,
      double coldSeconds,
      double coldSpeedup,
      int wrongVerdicts,
      int undecided,
      int exactSimilarities,
      double maxSimilarityDifference,
      double gemmGflops) {}

  private static final int OUTLIERS = 12;
  private static final int COLD_WARM_UPS = 1;
  private static final int COLD_REPEATS = 3;

  /** Of what is short: the first runs are compiled on the way, of the others the median counts. */
  private static final int WARM_UPS = 3;

  private static final int REPEATS = 7;
  private static final int GEMM_ORDER = 2048;
  private static final int DENSE_WARM_UPS = 12;
  private static final long SEED = 20260501;

  private final Settings settings;
  private final ScanSettings scanSettings = ScanSettings.published();
  private final TunedSolver solver = new TunedSolver(scanSettings);
  private final Routes routes = new Routes(scanSettings);
  private final SplittableRandom random = new SplittableRandom(SEED);
  private final int k;

  public RouteBenchmark(Settings settings) {
    this.settings = settings;
    this.k = scanSettings.topK().of(Math.min(settings.rows(), settings.cols()));
  }

  /** Runs the benchmark; takes at least as long as four dense decompositions. */
  public Result run() throws IOException {
    OpenBlas.useThreads(settings.threads());
    try (Arena arena = Arena.open()) {
      Matrix w0 = base();
      long start = System.nanoTime();
      BaseSpectrum base =
          BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0.to(Precision.DOUBLE)));
      double baseSeconds = seconds(start);
      return settings.update() == Update.LOW_RANK
          ? lowRank(w0, base, baseSeconds)
          : dense(w0, base, baseSeconds);
    }
  }

  /**
   * Runs the route without the base's decomposition. The decomposition is timed as well, and the
   * strengths of the updates are taken from it.
   */
  public ColdResult runCold() throws IOException {
    OpenBlas.useThreads(settings.threads());
    try (Arena arena = Arena.open()) {
      Matrix w0 = base();
      long start = System.nanoTime();
      BaseSpectrum spectrum =
          BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0.to(Precision.DOUBLE)));
      double baseSeconds = seconds(start);
      boolean lowRank = settings.update() == Update.LOW_RANK;
      LinearMap.Whole base = new LinearMap.Whole(w0);
      List<CoordinateUpdate.Factors> factors = new ArrayList<>();
      List<Matrix> whole = new ArrayList<>();
      for (int i = 0; i < settings.checkpoints(); i++) {
        factors.add(factors(spectrum, settings.rank(), lowRank ? 1 : 0.5));
        if (!lowRank) {
          double deviation = 0.05 * spectrum.spectralNorm() / Math.sqrt(w0.rows() + w0.cols());
          whole.add(tuned(w0, factors.get(i)).plusInPlace(1, noise(deviation)));
        }
      }
      List<KrylovVerdicts.TunedMatrix> tuned = new ArrayList<>();
      for (int i = 0; i < settings.checkpoints(); i++) {
        CoordinateUpdate.Factors update = factors.get(i);
        int at = i;
        tuned.add(
            () ->
                lowRank
                    ? new LinearMap.Updated(base, update.b(), update.a())
                    : new LinearMap.Whole(whole.get(at)));
      }
      double epsilon = scanSettings.epsilon();
      KrylovVerdicts.Question question =
          new KrylovVerdicts.Question(k, true, false, List.of(epsilon));
      double[] times = new double[COLD_REPEATS];
      KrylovVerdicts.Answer answer = null;
      for (int repeat = -COLD_WARM_UPS; repeat < COLD_REPEATS; repeat++) {
        start = System.nanoTime();
        answer = new KrylovVerdicts(Precision.SINGLE).of(base, tuned, question);
        if (repeat >= 0) {
          times[repeat] = seconds(start);
        }
      }
      int undecided = 0;
      int exact = 0;
      for (KrylovVerdicts.Tuned one : answer.tuned()) {
        for (int j = 0; j < k; j++) {
          undecided += one != null && one.left().get(j).decides(epsilon) ? 0 : 1;
          exact += one != null && one.left().get(j).isExact() ? 1 : 0;
        }
      }
      int wrong = 0;
      double difference = 0;
      double referenceSeconds = 0;
      int references = Math.min(settings.references(), settings.checkpoints());
      for (int i = 0; i < references; i++) {
        Matrix w = lowRank ? tuned(w0, factors.get(i)) : whole.get(i);
        start = System.nanoTime();
        double[] best = published(w0, w);
        referenceSeconds += seconds(start) / references;
        KrylovVerdicts.Tuned one = answer.tuned().get(i);
        for (int j = 0; j < k && one != null; j++) {
          KrylovVerdicts.Bounds bounds = one.left().get(j);
          wrong += bounds.decides(epsilon) && bounds.high() < epsilon != best[j] < epsilon ? 1 : 0;
          difference =
              bounds.isExact()
                  ? Math.max(difference, Math.abs(bounds.cosine() - best[j]))
                  : difference;
        }
      }
      double cold = (median(times) + (undecided > 0 ? baseSeconds : 0)) / settings.checkpoints();
      return new ColdResult(
          settings.rows(),
          settings.cols(),
          settings.rank(),
          settings.checkpoints(),
          settings.threads(),
          settings.update().toString(),
          "krylov",
          referenceSeconds,
          baseSeconds,
          cold,
          referenceSeconds / cold,
          wrong,
          undecided,
          exact,
          difference,
          gemmRate(gaussian(GEMM_ORDER, GEMM_ORDER, 1)));
    }
  }

  /** The published algorithm: the best similarities of the leading left vectors. */
  private double[] published(Matrix w0, Matrix w) {
    try (Arena arena = Arena.open()) {
      Svd svd0 = LapackSvd.DIVIDE_AND_CONQUER.decompose(w0);
      Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(w);
      Matrix cosines = svd0.u().t().times(svd.u().columnRange(0, k));
      double[] best = new double[k];
      for (int j = 0; j < k; j++) {
        for (double cosine : cosines.column(j)) {
          best[j] = Math.max(best[j], Math.abs(cosine));
        }
      }
      return best;
    }
  }

  private Result lowRank(Matrix w0, BaseSpectrum base, double baseSeconds) throws IOException {
    List<CoordinateUpdate.Factors> factors = new ArrayList<>();
    for (int i = 0; i < settings.checkpoints(); i++) {
      factors.add(factors(base, settings.rank(), 1));
    }
    double flops = projectionFlops(base) * settings.rank() * settings.checkpoints();
    Matrix square = gaussian(GEMM_ORDER, GEMM_ORDER, 1);
    double[] gemm = new double[REPEATS];
    double[] projection = new double[REPEATS];
    double[] fastSeconds = new double[REPEATS];
    List<MatrixScan> scans = List.of();
    for (int repeat = -WARM_UPS; repeat < REPEATS; repeat++) {
      double gemmRate = gemmRate(square);
      try (Arena arena = Arena.open()) {
        long start = System.nanoTime();
        List<CoordinateUpdate> updates = CoordinateUpdate.project(base, factors);
        double projectionSeconds = seconds(start);
        List<Callable<MatrixScan>> problems = new ArrayList<>();
        for (int i = 0; i < factors.size(); i++) {
          int at = i;
          problems.add(() -> scan(w0, base, factors.get(at), updates.get(at)));
        }
        scans = SideBySide.call(problems);
        if (repeat >= 0) {
          fastSeconds[repeat] = seconds(start) / factors.size();
          gemm[repeat] = gemmRate;
          projection[repeat] = flops / projectionSeconds / 1e9;
        }
      }
    }
    Comparison comparison = new Comparison();
    double statisticsSeconds = 0;
    for (int i = 0; i < Math.min(settings.references(), factors.size()); i++) {
      try (Arena arena = Arena.open()) {
        comparison.add(w0, tuned(w0, factors.get(i)), scans.get(i));
        long start = System.nanoTime();
        UpdateStatistics.ofFactors(factors.get(i).b(), factors.get(i).a());
        statisticsSeconds += seconds(start);
      }
    }
    int fallbacks = (int) scans.stream().filter(MatrixScan::isExact).count();
    return result(
        comparison,
        median(fastSeconds),
        baseSeconds,
        fallbacks,
        statisticsSeconds,
        null,
        median(gemm),
        median(projection));
  }

  private Result dense(Matrix w0, BaseSpectrum base, double baseSeconds) throws IOException {
    int fallbacks = 0;
    Comparison comparison = new Comparison();
    double statisticsSeconds = 0;
    double fastSeconds = 0;
    double rankSeconds = 0;
    double rankError = 0;
    for (int i = -DENSE_WARM_UPS; i < settings.checkpoints(); i++) {
      try (Arena arena = Arena.open()) {
        Matrix w = tuned(w0, factors(base, settings.rank(), 0.5));
        w.plusInPlace(1, noise(0.05 * base.spectralNorm() / Math.sqrt(w.rows() + w.cols())));
        long start = System.nanoTime();
        TunedSpectrum tuned =
            solver.solve(base, precision -> precision == Precision.SINGLE ? w : w.to(precision));
        MatrixScan scan = MatrixScan.of(base, tuned, UpdateStatistics.NONE, scanSettings);
        double searchSeconds = seconds(start);
        if (i >= 0 && i < settings.references()) {
          comparison.add(w0, w, scan);
        }
        start = System.nanoTime();
        Matrix update = w.plusInPlace(-1, w0);
        double differenceSeconds = seconds(start);
        UpdateStatistics statistics = routes.statistics(update, "bench");
        if (i < 0) {
          continue;
        }
        rankSeconds += seconds(start);
        fastSeconds += searchSeconds;
        fallbacks += scan.isExact() ? 1 : 0;
        if (i < settings.references()) {
          start = System.nanoTime();
          double exact = UpdateStatistics.ofDense(update).effectiveRank();
          statisticsSeconds += differenceSeconds + seconds(start);
          rankError = Math.max(rankError, Math.abs(statistics.effectiveRank() / exact - 1));
        }
      }
    }
    return result(
        comparison,
        fastSeconds / settings.checkpoints(),
        baseSeconds,
        fallbacks,
        statisticsSeconds,
        new RankTiming(rankSeconds / settings.checkpoints(), rankError),
        gemmRate(gaussian(GEMM_ORDER, GEMM_ORDER, 1)),
        0);
  }

  /** How the effective rank of full fine-tunes is found. */
  private record RankTiming(double seconds, double error) {}

  private Result result(
      Comparison comparison,
      double fastSeconds,
      double baseSeconds,
      int fallbacks,
      double statisticsSeconds,
      RankTiming rank,
      double gemm,
      double projection) {
    double reference = comparison.seconds / comparison.count;
    return new Result(
        settings.rows(),
        settings.cols(),
        settings.rank(),
        settings.checkpoints(),
        settings.threads(),
        settings.update().toString(),
        reference,
        fastSeconds,
        baseSeconds,
        reference / fastSeconds,
        reference / (fastSeconds + baseSeconds / settings.checkpoints()),
        comparison.similarityDifference,
        comparison.valueDifference,
        comparison.countsEqual,
        fallbacks,
        statisticsSeconds / comparison.count,
        rank == null ? null : rank.seconds(),
        rank == null ? null : reference / (fastSeconds + rank.seconds()),
        rank == null ? null : rank.error(),
        gemm,
        projection);
  }

  /** The published algorithm beside the fast route's results. */
  private final class Comparison {
    private int count;
    private double seconds;
    private double similarityDifference;
    private double valueDifference;
    private boolean countsEqual = true;

    void add(Matrix w0, Matrix w, MatrixScan fast) {
      long start = System.nanoTime();
      Svd svd0 = LapackSvd.DIVIDE_AND_CONQUER.decompose(w0);
      Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(w);
      Matrix cosines = svd0.u().t().times(svd.u().columnRange(0, k));
      seconds += RouteBenchmark.seconds(start);
      count++;
      double[] best = new double[k];
      for (int j = 0; j < k; j++) {
        for (double cosine : cosines.column(j)) {
          best[j] = Math.max(best[j], Math.abs(cosine));
        }
        VectorScan vector = fast.vectors().get(j);
        similarityDifference =
            Math.max(similarityDifference, Math.abs(best[j] - vector.bestSimilarity()));
        valueDifference =
            Math.max(valueDifference, Math.abs(svd.s()[j] - vector.singularValue()) / svd.s()[j]);
      }
      for (Map.Entry<String, Integer> found : fast.intruders().entrySet()) {
        double epsilon = Double.parseDouble(found.getKey());
        int expected = 0;
        for (double similarity : best) {
          expected += similarity < epsilon ? 1 : 0;
        }
        countsEqual &= expected == found.getValue();
      }
    }
  }

  private MatrixScan scan(
      Matrix w0, BaseSpectrum base, CoordinateUpdate.Factors factors, CoordinateUpdate update)
      throws IOException {
    try (Arena arena = Arena.open()) {
      TunedSpectrum tuned =
          solver.solve(base, update, precision -> tuned(w0, factors).in(precision));
      return MatrixScan.of(
          base, tuned, UpdateStatistics.ofFactors(factors.b(), factors.a()), scanSettings);
    }
  }

  /** Noise whose columns decay by a power law, and outliers above its edge. */
  private Matrix base() {
    Matrix w0 = noise(1 / Math.sqrt(settings.rows() + (double) settings.cols()));
    double[] decay = new double[settings.cols()];
    for (int j = 0; j < decay.length; j++) {
      decay[j] = Math.pow(1 + 20.0 * j / decay.length, -0.5);
    }
    w0.scaleColumnsInPlace(decay);
    Matrix u = gaussian(settings.rows(), OUTLIERS, 1 / Math.sqrt(settings.rows()));
    Matrix v = gaussian(OUTLIERS, settings.cols(), 1 / Math.sqrt(settings.cols()));
    double[] strengths = new double[OUTLIERS];
    for (int i = 0; i < OUTLIERS; i++) {
      strengths[i] = 4.0 / (1 + 0.25 * i);
    }
    return w0.plusProductInPlace(1, u.scaleColumnsInPlace(strengths), v);
  }

  /** Factors with a few directions as strong as the base's leading ones, the others weaker. */
  private CoordinateUpdate.Factors factors(BaseSpectrum base, int rank, double strength) {
    Matrix b = gaussian(settings.rows(), rank, 1 / Math.sqrt(settings.rows())).to(Precision.DOUBLE);
    Matrix a = gaussian(rank, settings.cols(), 1 / Math.sqrt(settings.cols())).to(Precision.DOUBLE);
    double[] strengths = new double[rank];
    for (int i = 0; i < rank; i++) {
      strengths[i] = strength * base.s()[Math.min(k, base.s().length - 1)] * 1.6 / (1 + 0.2 * i);
    }
    return new CoordinateUpdate.Factors(b.scaleColumnsInPlace(strengths), a);
  }

  private static Matrix tuned(Matrix w0, CoordinateUpdate.Factors factors) {
    return w0.copy()
        .plusProductInPlace(1, factors.b().to(Precision.SINGLE), factors.a().to(Precision.SINGLE));
  }

  private Matrix noise(double deviation) {
    return gaussian(settings.rows(), settings.cols(), deviation);
  }

  private Matrix gaussian(int rows, int cols, double deviation) {
    Matrix matrix = Matrix.allocate(rows, cols, Precision.SINGLE);
    float[] row = new float[cols];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        row[j] = (float) (deviation * random.nextGaussian());
      }
      matrix.setFloats((long) i * cols, row, cols);
    }
    return matrix;
  }

  /**
   * @param a square, in single precision
   */
  private static double gemmRate(Matrix a) {
    try (Arena arena = Arena.open()) {
      Matrix c = a.times(a);
      long start = System.nanoTime();
      c.assignProduct(a, a);
      double order = a.rows();
      return 2 * order * order * order / seconds(start) / 1e9;
    }
  }

  /** Operations per column of the update, both sides, with the part outside the span. */
  private static double projectionFlops(BaseSpectrum base) {
    double p = base.minDimension();
    double left = 2 * p * base.rows() * (base.rows() > p ? 2 : 1);
    double right = 2 * p * base.cols() * (base.cols() > p ? 2 : 1);
    return left + right;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
