package io.github.intruders.scan;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.UpdateStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The kernels of the fast routes one by one; {@code sgemm} is what the machine can do. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KernelBenchmark {
  private static final int K = 10;
  private static final int RANK = 16;
  private static final int CHECKPOINTS = 32;

  /** Rows and columns of the base matrix. */
  @Param("2048")
  public int order;

  /** BLAS threads of one call. */
  @Param("2")
  public int threads;

  private final SplittableRandom random = new SplittableRandom(7);

  private BaseSpectrum base;
  private Matrix tuned;
  private Matrix change;
  private List<CoordinateUpdate.Factors> factors;
  private CoordinateUpdate update;
  private double[] shifts;

  /** Makes a base with a flat tail and leading outliers, and updates as strong as those. */
  @Setup
  public void setUp() {
    OpenBlas.useThreads(threads);
    double[] s = new double[order];
    Arrays.setAll(s, i -> i < 12 ? 4 / (1 + 0.25 * i) : 0.9 - 0.8 * i / order);
    Matrix u = OrthonormalBasis.of(gaussian(order, order, 1)).q();
    Matrix vt = OrthonormalBasis.of(gaussian(order, order, 1)).q().transposed();
    base = new BaseSpectrum("", u, s, vt);
    change = gaussian(order, order, 0.05 / Math.sqrt(order));
    tuned = u.copy().scaleColumnsInPlace(s).times(vt).plusInPlace(1, change);
    factors = new ArrayList<>();
    for (int i = 0; i < CHECKPOINTS; i++) {
      factors.add(
          new CoordinateUpdate.Factors(
              gaussian(order, RANK, 1.5 / Math.sqrt(order)).to(Precision.DOUBLE),
              gaussian(RANK, order, 1 / Math.sqrt(order)).to(Precision.DOUBLE)));
    }
    update = CoordinateUpdate.project(base, factors.subList(0, 1)).get(0);
    shifts = Arrays.stream(s).limit(K).map(value -> 1.01 * value).toArray();
  }

  private Matrix gaussian(int rows, int cols, double deviation) {
    Matrix matrix = Matrix.allocate(rows, cols, Precision.SINGLE);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix.set(i, j, deviation * random.nextGaussian());
      }
    }
    return matrix;
  }

  /** A square product in single precision. */
  @Benchmark
  public double sgemm() {
    try (Arena arena = Arena.open()) {
      return base.u().times(base.vt()).get(0, 0);
    }
  }

  /** The updates of 32 checkpoints of rank 16 in the base's coordinates, both sides. */
  @Benchmark
  public int stackedProjection() {
    try (Arena arena = Arena.open()) {
      return CoordinateUpdate.project(base, factors).size();
    }
  }

  /** The ten leading triplets of one adapter on its base. */
  @Benchmark
  public double lowRankSolve() {
    try (Arena arena = Arena.open()) {
      return new LowRankRoute().solve(base, update, K).orElseThrow().maxResidual();
    }
  }

  /** Ten capacitances and a step of inverse iteration with each. */
  @Benchmark
  public boolean inverseIteration() {
    try (Arena arena = Arena.open()) {
      Matrix u = update.l().rowRange(0, K).copy();
      Matrix v = update.r().rowRange(0, K).copy();
      return new ShiftedUpdate(base.s(), update, shifts).solve(u, v);
    }
  }

  /** The certificate that nothing larger was missed. */
  @Benchmark
  public int count() {
    try (Arena arena = Arena.open()) {
      return new ShiftedUpdate(base.s(), update, shifts[K - 1]).singularValuesAbove()[0];
    }
  }

  /** The ten leading triplets of one full fine-tune. */
  @Benchmark
  public double blockRoute() {
    try (Arena arena = Arena.open()) {
      return new BlockRoute().solve(base, tuned, K).orElseThrow().maxResidual();
    }
  }

  /** Norm and effective rank of a full fine-tune's update. */
  @Benchmark
  public double updateStatistics() {
    return UpdateStatistics.ofDense(change).effectiveRank();
  }
}
