package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The route of full fine-tunes against dense decompositions in double precision. */
class BlockRouteTest {
  private static final int K = 10;
  private static final double VALUE_TOLERANCE = 1e-5;
  private static final double SIMILARITY_TOLERANCE = 1e-4;

  private final SplittableRandom random = new SplittableRandom(17);

  private static Stream<Arguments> cases() {
    IntToDoubleFunction decaying = i -> 10 / (1 + 0.1 * i);
    return Stream.of(
        Arguments.of("square", 420, 420, decaying, 0.1),
        Arguments.of("tall", 900, 400, decaying, 0.1),
        Arguments.of("wide", 400, 900, decaying, 0.1),
        Arguments.of("unchanged", 420, 420, decaying, 0),
        Arguments.of("hardly changed", 420, 420, decaying, 1e-6),
        Arguments.of("changed beyond recognition", 420, 420, decaying, 100),
        Arguments.of(
            "a base of low rank",
            420,
            420,
            (IntToDoubleFunction) i -> i < 30 ? 9 - 0.2 * i : 0,
            0.1),
        Arguments.of(
            "an outlier", 420, 420, (IntToDoubleFunction) i -> i == 0 ? 300 : 5 - 0.01 * i, 0.1),
        Arguments.of(
            "large numbers", 420, 420, (IntToDoubleFunction) i -> 1e10 / (1 + 0.1 * i), 1e9),
        Arguments.of(
            "small numbers", 420, 420, (IntToDoubleFunction) i -> 1e-10 / (1 + 0.1 * i), 1e-11));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void agreesWithTheDenseRoute(
      String name, int rows, int cols, IntToDoubleFunction spectrum, double change) {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(rows, cols, spectrum);
      Matrix w = tuned(base, change);

      assertThat(BlockRoute.suits(base, K)).isTrue();
      assertAgreement(base, w, new BlockRoute().solve(base, w, K).orElseThrow());
    }
  }

  @Test
  void aStrongDirectionFarFromTheBasesLeadingOnesIsFound() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(420, 420, i -> 10 / (1 + 0.1 * i));
      Matrix w = tuned(base, 0);
      Matrix last = base.u().columnRange(419, 420).copy().scaleInPlace(50);
      w.plusProductInPlace(1, last, base.vt().rowRange(418, 419));

      TunedSpectrum tuned = new BlockRoute().solve(base, w, K).orElseThrow();

      assertThat(tuned.s()[0]).isGreaterThan(49);
      assertThat(Math.abs(tuned.coordinates().get(Side.LEFT).get(419, 0))).isGreaterThan(0.99);
      assertAgreement(base, w, tuned);
    }
  }

  @Test
  void equalValuesAroundTheLastPlaceAreEitherRightOrLeftToTheDenseRoute() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(420, 420, i -> i < 7 ? 20 - i : i < 14 ? 6 : 5.0 / (1 + 0.1 * i));
      Matrix w = tuned(base, 0);

      Optional<TunedSpectrum> tuned = new BlockRoute().solve(base, w, K);

      assertThat(tuned).isPresent();
      for (int j = 0; j < K; j++) {
        assertThat(tuned.get().s()[j]).isCloseTo(j < 7 ? 20 - j : 6, within(6e-5));
      }
    }
  }

  @Test
  void aFlatSpectrumIsNeverAnsweredWrongly() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(420, 420, i -> 5 - 1e-3 * i);
      Matrix w = tuned(base, 0.2);
      double[] expected = LapackSvd.DIVIDE_AND_CONQUER.singularValues(w.to(Precision.DOUBLE));

      Optional<TunedSpectrum> tuned = new BlockRoute().solve(base, w, K);

      tuned.ifPresent(
          found -> {
            for (int j = 0; j < K; j++) {
              assertThat(found.s()[j]).isCloseTo(expected[j], within(1e-4));
            }
          });
    }
  }

  @Test
  void fewerDirectionsThanAskedForAreLeftToTheDenseRoute() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(420, 420, i -> i < 3 ? 3 - i : 0);

      assertThat(new BlockRoute().solve(base, tuned(base, 0), K)).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"1e30", "1e-30"})
  void scalesThatSinglePrecisionCannotCarryAreLeftToTheDenseRoute(double scale) {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(420, 420, i -> scale / (1 + 0.1 * i));

      assertThat(BlockRoute.suits(base, K)).isFalse();
    }
  }

  @Test
  void anUpdateThatOverflowsIsLeftToTheDenseRoute() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base(420, 420, i -> 10 / (1 + 0.1 * i));
      Matrix w = tuned(base, 0.1);
      for (int j = 0; j < w.cols(); j++) {
        w.set(0, j, 3e38);
      }

      assertThat(new BlockRoute().solve(base, w, K)).isEmpty();
    }
  }

  @Test
  void smallMatricesAndLargeSharesOfTheSpectrumAreLeftToTheDenseRoute() {
    try (Arena arena = Arena.open()) {
      assertThat(BlockRoute.suits(base(128, 384, i -> 2), K)).isFalse();
      assertThat(BlockRoute.suits(base(420, 420, i -> 2), 105)).isFalse();
    }
  }

  /** The zoo's matrices are too small for the route; side by side they are not. */
  @ParameterizedTest
  @CsvSource({"1-python", "2-c", "3-javascript", "4-xml"})
  void agreesOnWeightsThatWereReallyTrained(String step) throws IOException {
    try (Arena arena = Arena.open()) {
      Matrix w0 = sideBySide("base");
      Matrix w = sideBySide("full/" + step);
      BaseSpectrum base =
          BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0.to(Precision.DOUBLE)));

      assertThat(BlockRoute.suits(base, K)).isTrue();
      assertAgreement(base, w, new BlockRoute().solve(base, w, K).orElseThrow());
    }
  }

  /** Gate and up projections of all layers, (384, 1024). */
  private static Matrix sideBySide(String checkpoint) throws IOException {
    Storage storage = new HadoopStorage(new Configuration());
    TensorReader reader = new TensorReader(storage);
    Map<String, TensorInfo> tensors =
        Checkpoint.open(storage, Path.of("data/zoo").resolve(checkpoint).toString()).tensors();
    Matrix joined = Matrix.allocate(384, 1024, Precision.SINGLE);
    int from = 0;
    for (int layer = 0; layer < 4; layer++) {
      for (String module : new String[] {"gate_proj", "up_proj"}) {
        TensorInfo tensor = tensors.get("model.layers.%d.mlp.%s.weight".formatted(layer, module));
        joined
            .columnRange(from, from + 128)
            .assign(reader.read(MatrixSource.of(tensor, false).get(0), Precision.SINGLE));
        from += 128;
      }
    }
    return joined;
  }

  private static void assertAgreement(BaseSpectrum base, Matrix w, TunedSpectrum fast) {
    TunedSpectrum dense = new DenseRoute().solve(base, w.to(Precision.DOUBLE), K);
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
    assertThat(fast.maxResidual()).isLessThanOrEqualTo(1e-5);
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

  /** The base with noise added whose spectral norm is about {@code change}. */
  private Matrix tuned(BaseSpectrum base, double change) {
    Matrix w = base.u().copy().scaleColumnsInPlace(base.s()).times(base.vt());
    double deviation = change / (Math.sqrt(w.rows()) + Math.sqrt(w.cols()));
    return w.plusInPlace(1, gaussian(w.rows(), w.cols(), deviation));
  }

  private BaseSpectrum base(int rows, int cols, IntToDoubleFunction spectrum) {
    int p = Math.min(rows, cols);
    double[] s = new double[p];
    Arrays.setAll(s, spectrum);
    Matrix u = OrthonormalBasis.of(gaussian(rows, p, 1)).q();
    Matrix v = OrthonormalBasis.of(gaussian(cols, p, 1)).q();
    return new BaseSpectrum("", u, s, v.transposed());
  }

  private Matrix gaussian(int rows, int cols, double scale) {
    return Gaussian.matrix(random, rows, cols, scale, Precision.SINGLE);
  }
}
