package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is hard for the fast routes, given to the solver as an adapter and as a whole matrix: the
 * result is the dense route's, and the table says which route has to come to it.
 */
class HardCasesTest {
  private static final double VALUE_TOLERANCE = 1e-5;
  private static final double SIMILARITY_TOLERANCE = 1e-4;

  /** Vectors whose singular values lie nearer to each other than this are arbitrary in part. */
  private static final double GAP = 1e-3;

  private final SplittableRandom random = new SplittableRandom(29);

  /**
   * @param strength the update's spectral norm, about
   * @param adapterSolver the route that answers for the factors, given as an adapter
   * @param wholeSolver the route that answers for the whole tuned matrix
   */
  private record Case(
      String name,
      int rows,
      int cols,
      IntToDoubleFunction spectrum,
      int rank,
      double strength,
      String topK,
      String adapterSolver,
      String wholeSolver) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Stream<Arguments> cases() {
    IntToDoubleFunction decaying = i -> 10 / (1 + 0.1 * i);
    IntToDoubleFunction repeated = i -> i < 7 ? 20 - i : i < 14 ? 6 : 5 / (1 + 0.01 * i);
    IntToDoubleFunction clustered = i -> i < 7 ? 20 - i : i < 14 ? 6 - 1e-6 * i : 5 - 0.01 * i;
    IntToDoubleFunction deficient = i -> i < 30 ? 9 - 0.2 * i : 0;
    IntToDoubleFunction small = i -> 1e-38 * decaying.applyAsDouble(i);
    IntToDoubleFunction large = i -> 1e38 * decaying.applyAsDouble(i);
    return Stream.of(
            new Case("repeated", 400, 400, repeated, 2, 0.5, "10", "low-rank", "block"),
            new Case("clustered", 400, 400, clustered, 2, 0.5, "10", "low-rank", "block"),
            new Case("deficient base", 400, 400, deficient, 4, 3, "10", "low-rank", "block"),
            new Case(
                "few directions", 400, 400, i -> i < 3 ? 3 - i : 0, 2, 1, "10", "dense", "dense"),
            new Case("far larger", 400, 400, decaying, 12, 1e6, "10", "low-rank", "block"),
            new Case("rank above a half", 400, 400, decaying, 250, 3, "10", "low-rank", "block"),
            new Case("rank of nearly all", 400, 400, decaying, 400, 3, "10", "block", "block"),
            new Case("zero", 400, 400, decaying, 4, 0, "10", "low-rank", "block"),
            new Case("k = p", 120, 90, decaying, 4, 3, "all", "dense", "dense"),
            new Case("m >> n", 2000, 400, decaying, 4, 3, "10", "low-rank", "block"),
            new Case("n >> m", 400, 2000, decaying, 4, 3, "10", "low-rank", "block"),
            new Case("values near 1e38", 400, 400, large, 4, 3e39, "10", "low-rank", "dense"),
            new Case("values near 1e-38", 400, 400, small, 4, 3e-38, "10", "low-rank", "dense"))
        .map(Arguments::of);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void theDenseRoutesResultByTheRouteThatIsDue(Case hard) throws IOException {
    try (Arena arena = Arena.open()) {
      ScanSettings settings =
          new ScanSettings(
              TopK.parse(hard.topK()), List.of(0.5), List.of(Side.LEFT), SolverChoice.AUTO);
      TunedSolver solver = new TunedSolver(settings);
      BaseSpectrum base = base(hard);
      CoordinateUpdate.Factors factors = factors(hard);
      Matrix w = tuned(base, factors);
      TunedSpectrum expected = solver.solveDense(base, w);

      TunedSpectrum whole = solver.solve(base, w::to);
      TunedSpectrum adapter =
          solver.takesLowRank(base, hard.rank())
              ? solver.solve(base, CoordinateUpdate.project(base, List.of(factors)).get(0), w::to)
              : whole;

      assertThat(adapter.solver()).isEqualTo(hard.adapterSolver());
      assertThat(whole.solver()).isEqualTo(hard.wholeSolver());
      assertAgreement(base, settings, adapter, expected);
      assertAgreement(base, settings, whole, expected);
    }
  }

  private static void assertAgreement(
      BaseSpectrum base, ScanSettings settings, TunedSpectrum found, TunedSpectrum expected) {
    UpdateStatistics none = UpdateStatistics.NONE;
    MatrixScan one = MatrixScan.of(base, found, none, settings);
    MatrixScan other = MatrixScan.of(base, expected, none, settings);
    double[] s = expected.s();
    assertThat(found.s()).hasSameSizeAs(s);
    for (int j = 0; j < s.length; j++) {
      assertThat(found.s()[j])
          .as("singular value %d", j)
          .isCloseTo(s[j], within(VALUE_TOLERANCE * s[j]));
      if (standsAlone(s, j)) {
        assertThat(one.vectors().get(j).bestSimilarity())
            .as("best similarity %d", j)
            .isCloseTo(other.vectors().get(j).bestSimilarity(), within(SIMILARITY_TOLERANCE));
      }
    }
  }

  /** Whether a vector is determined: its value lies apart from its neighbours', all known. */
  private static boolean standsAlone(double[] s, int j) {
    boolean above = j == 0 || s[j - 1] - s[j] > GAP * s[0];
    return above && j + 1 < s.length && s[j] - s[j + 1] > GAP * s[0];
  }

  /** W0 + B A in double precision. */
  private static Matrix tuned(BaseSpectrum base, CoordinateUpdate.Factors factors) {
    return base.u()
        .to(Precision.DOUBLE)
        .scaleColumnsInPlace(base.s())
        .times(base.vt().to(Precision.DOUBLE))
        .plusProductInPlace(1, factors.b(), factors.a());
  }

  private BaseSpectrum base(Case hard) {
    int p = Math.min(hard.rows(), hard.cols());
    double[] s = new double[p];
    Arrays.setAll(s, hard.spectrum());
    Matrix u = OrthonormalBasis.of(gaussian(hard.rows(), p, 1)).q();
    Matrix v = OrthonormalBasis.of(gaussian(hard.cols(), p, 1)).q();
    return new BaseSpectrum("", u.to(Precision.SINGLE), s, v.transposed().to(Precision.SINGLE));
  }

  private CoordinateUpdate.Factors factors(Case hard) {
    return new CoordinateUpdate.Factors(
        gaussian(hard.rows(), hard.rank(), hard.strength() / Math.sqrt(hard.rows())),
        gaussian(hard.rank(), hard.cols(), 1 / Math.sqrt(hard.cols())));
  }

  private Matrix gaussian(int rows, int cols, double scale) {
    return Gaussian.matrix(random, rows, cols, scale, Precision.DOUBLE);
  }
}
