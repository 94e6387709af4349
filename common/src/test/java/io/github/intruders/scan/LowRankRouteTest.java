package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The route of adapters against dense decompositions of the tuned matrix, where it is hard. */
class LowRankRouteTest {
  private static final int K = 10;
  private static final double VALUE_TOLERANCE = 1e-6;
  private static final double SIMILARITY_TOLERANCE = 2e-5;

  private final SplittableRandom random = new SplittableRandom(11);

  private static Stream<Arguments> cases() {
    IntToDoubleFunction decaying = i -> 10 / (1 + 0.1 * i);
    return Stream.of(
        Arguments.of("square", 200, 200, decaying, 4, 3.0),
        Arguments.of("tall", 400, 150, decaying, 4, 3.0),
        Arguments.of("wide", 150, 400, decaying, 4, 3.0),
        Arguments.of("very tall", 2000, 90, decaying, 3, 3.0),
        Arguments.of("very wide", 90, 2000, decaying, 3, 3.0),
        Arguments.of("a chain of high rank", 200, 220, decaying, 60, 2.0),
        Arguments.of("far larger than the base", 200, 200, decaying, 12, 1e6),
        Arguments.of("far smaller than the base", 200, 200, decaying, 4, 1e-5),
        Arguments.of(
            "a base of low rank",
            200,
            200,
            (IntToDoubleFunction) i -> i < 30 ? 9 - 0.2 * i : 0,
            4,
            3.0),
        Arguments.of(
            "an outlier", 200, 200, (IntToDoubleFunction) i -> i == 0 ? 1e4 : 5 - 0.02 * i, 4, 3.0),
        Arguments.of("nearly flat", 200, 200, (IntToDoubleFunction) i -> 5 - 0.003 * i, 4, 3.0));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void agreesWithTheDenseRoute(
      String name, int rows, int cols, IntToDoubleFunction spectrum, int rank, double strength) {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(rows, cols, spectrum);
      CoordinateUpdate.Factors update = update(rows, cols, rank, strength);

      TunedSpectrum fast = solve(base, update).orElseThrow();

      assertAgreement(base, update, fast);
    }
  }

  @Test
  void anUpdateOfZeroLeavesTheBase() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(150, 150, i -> 10 / (1 + 0.1 * i));
      TunedSpectrum fast = solve(base, update(150, 150, 4, 0)).orElseThrow();

      for (int j = 0; j < K; j++) {
        assertThat(fast.s()[j]).isCloseTo(base.s()[j], within(1e-12));
        assertThat(Math.abs(fast.coordinates().get(Side.LEFT).get(j, j)))
            .isCloseTo(1, within(1e-9));
      }
    }
  }

  @Test
  void dependentFactorsAreNoHindrance() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(160, 160, i -> 10 / (1 + 0.1 * i));
      CoordinateUpdate.Factors update = update(160, 160, 6, 3);
      update.b().columnRange(3, 6).assign(update.b().columnRange(0, 3).copy());

      assertAgreement(base, update, solve(base, update).orElseThrow());
    }
  }

  @Test
  void aStrongDirectionOnTheTailOfTheBaseIsNotMissed() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(200, 200, i -> 10 / (1 + 0.1 * i));
      // Exactly along the base's last vectors, where the search does not start.
      Matrix b = base.u().columnRange(199, 200).to(Precision.DOUBLE).scaleInPlace(50);
      Matrix a = base.vt().rowRange(198, 199).to(Precision.DOUBLE);
      CoordinateUpdate.Factors update = new CoordinateUpdate.Factors(b, a);

      TunedSpectrum fast = solve(base, update).orElseThrow();

      assertThat(fast.s()[0]).isGreaterThan(49);
      assertThat(Math.abs(fast.coordinates().get(Side.LEFT).get(199, 0))).isGreaterThan(0.99);
      assertAgreement(base, update, fast);
    }
  }

  @Test
  void equalValuesAtTheLastPlaceAreFoundAsASubspace() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(150, 150, i -> i < 8 ? 20 - i : i < 14 ? 6 : 5.0 / (1 + 0.1 * i));
      CoordinateUpdate.Factors update = update(150, 150, 2, 0.5);

      Optional<TunedSpectrum> fast = solve(base, update);

      // Either certified or left to the dense route; never wrong.
      double[] expected = denseValues(base, update);
      fast.ifPresent(
          tuned -> {
            for (int j = 0; j < K; j++) {
              assertThat(tuned.s()[j])
                  .isCloseTo(expected[j], within(VALUE_TOLERANCE * expected[0]));
            }
          });
    }
  }

  @Test
  void aSearchSpaceAsLargeAsTheMatrixIsLeftToTheDenseRoute() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(64, 64, i -> 64 - i);

      assertThat(LowRankRoute.suits(base.minDimension(), 32, K)).isFalse();
      assertThat(LowRankRoute.suits(base.minDimension(), 4, 64)).isFalse();
      assertThat(LowRankRoute.suits(base.minDimension(), 0, K)).isFalse();
    }
  }

  @Test
  void fewerDirectionsThanAskedForAreNotCertified() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(150, 150, i -> i < 3 ? 3 - i : 0);

      assertThat(solve(base, update(150, 150, 2, 1))).isEmpty();
    }
  }

  @Test
  void theCountOfSingularValuesIsExactForAnyBound() {
    try (Arena arena = Arena.open()) {
      for (int[] shape : new int[][] {{120, 120}, {200, 80}, {80, 200}}) {
        BaseSpectrum base = base(shape[0], shape[1], i -> 10 / (1 + 0.1 * i));
        CoordinateUpdate.Factors update = update(shape[0], shape[1], 7, 4);
        CoordinateUpdate projected = CoordinateUpdate.project(base, List.of(update)).get(0);
        double[] values = LapackSvd.DIVIDE_AND_CONQUER.singularValues(tuned(base, update));
        double[] taus = random.doubles(100, 0.05, 12).toArray();
        int[] expected =
            Arrays.stream(taus)
                .mapToInt(tau -> (int) Arrays.stream(values).filter(value -> value > tau).count())
                .toArray();

        assertThat(new ShiftedUpdate(base.s(), projected, taus).singularValuesAbove())
            .as("%dx%d", shape[0], shape[1])
            .containsExactly(expected);
      }
    }
  }

  private static Optional<TunedSpectrum> solve(BaseSpectrum base, CoordinateUpdate.Factors update) {
    return new LowRankRoute()
        .solve(base, CoordinateUpdate.project(base, List.of(update)).get(0), K);
  }

  private static void assertAgreement(
      BaseSpectrum base, CoordinateUpdate.Factors update, TunedSpectrum fast) {
    TunedSpectrum dense = new DenseRoute().solve(base, tuned(base, update), K);
    for (int j = 0; j < K; j++) {
      assertThat(fast.s()[j])
          .as("singular value %d", j)
          .isCloseTo(dense.s()[j], within(VALUE_TOLERANCE * dense.s()[j]));
      for (Side side : Side.values()) {
        assertThat(best(fast, side, j))
            .as("best similarity %d %s", j, side)
            .isCloseTo(best(dense, side, j), within(SIMILARITY_TOLERANCE));
      }
    }
    assertThat(fast.maxResidual()).isLessThan(1e-9);
    for (Side side : Side.values()) {
      Rotation rotation = fast.rotations().get(side);
      Rotation exact = dense.rotations().get(side);
      double tolerance = rotation.error() + exact.error() + 1e-6;
      assertThat(rotation.largest()).isCloseTo(exact.largest(), within(tolerance));
      assertThat(rotation.mean()).isCloseTo(exact.mean(), within(tolerance));
    }
  }

  private static double best(TunedSpectrum tuned, Side side, int j) {
    return Arrays.stream(tuned.coordinates().get(side).column(j)).map(Math::abs).max().orElse(0);
  }

  private static double[] denseValues(BaseSpectrum base, CoordinateUpdate.Factors update) {
    return LapackSvd.DIVIDE_AND_CONQUER.singularValues(tuned(base, update));
  }

  private static Matrix tuned(BaseSpectrum base, CoordinateUpdate.Factors update) {
    Matrix w =
        base.u()
            .to(Precision.DOUBLE)
            .scaleColumnsInPlace(base.s())
            .times(base.vt().to(Precision.DOUBLE));
    return w.plusProductInPlace(1, update.b(), update.a());
  }

  private BaseSpectrum base(int rows, int cols, IntToDoubleFunction spectrum) {
    int p = Math.min(rows, cols);
    double[] s = new double[p];
    Arrays.setAll(s, spectrum);
    Matrix u = OrthonormalBasis.of(gaussian(rows, p, 1)).q();
    Matrix v = OrthonormalBasis.of(gaussian(cols, p, 1)).q();
    return new BaseSpectrum("", u.to(Precision.SINGLE), s, v.transposed().to(Precision.SINGLE));
  }

  private CoordinateUpdate.Factors update(int rows, int cols, int rank, double strength) {
    return new CoordinateUpdate.Factors(
        gaussian(rows, rank, strength / Math.sqrt(rows)),
        gaussian(rank, cols, 1.5 / Math.sqrt(cols)));
  }

  private Matrix gaussian(int rows, int cols, double scale) {
    return Gaussian.matrix(random, rows, cols, scale, Precision.DOUBLE);
  }
}
