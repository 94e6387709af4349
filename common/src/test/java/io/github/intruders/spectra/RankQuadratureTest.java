package io.github.intruders.spectra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The estimated effective rank against the one of all singular values. */
class RankQuadratureTest {
  private static final double NARROW = 0.03;
  private static final int REPEATS = 6;

  /** Of the exact value, which may come out a hair above p. */
  private static final double ROUNDING = 1e-12;

  /** Probes say least of a spectrum like this. */
  private static double threeValues(int i) {
    return i < 64 ? 1 : i < 160 ? 0.3 : 0.01;
  }

  private static int threads;

  private final SplittableRandom random = new SplittableRandom(11);

  /** Many small products gain nothing from threads of their own. */
  @BeforeAll
  static void useOneThread() {
    threads = OpenBlas.threads();
    OpenBlas.useThreads(1);
  }

  @AfterAll
  static void useAllThreads() {
    OpenBlas.useThreads(threads);
  }

  /** 112 updates, with the values that NumPy found. */
  @Test
  void theBoundsHoldTheExactValueOfEveryRealUpdate() throws IOException {
    JsonNode golden;
    try (InputStream in = getClass().getResourceAsStream("/golden/zoo.json")) {
      golden = new ObjectMapper().readTree(in).path("checkpoints");
    }
    int compared = 0;
    for (String step : new String[] {"1-python", "2-c", "3-javascript", "4-xml"}) {
      Map<String, TensorInfo> base = tensors("base");
      Map<String, TensorInfo> tuned = tensors("full/" + step);
      Iterator<Map.Entry<String, JsonNode>> matrices =
          golden.path("full/" + step).path("matrices").properties().iterator();
      while (matrices.hasNext()) {
        Map.Entry<String, JsonNode> matrix = matrices.next();
        try (Arena arena = Arena.open()) {
          Matrix update =
              read(tuned.get(matrix.getKey())).plusInPlace(-1, read(base.get(matrix.getKey())));
          assertHolds(
              step + " " + matrix.getKey(),
              update,
              matrix.getValue().path("update_effective_rank").asDouble());
          compared++;
        }
      }
    }
    assertThat(compared).isEqualTo(112);
  }

  private static Stream<Arguments> spectra() {
    return Stream.of(
        Arguments.of("falling as i^-0.3", 256, 256, power(0.3)),
        Arguments.of("falling as i^-0.5", 256, 192, power(0.5)),
        Arguments.of("falling as i^-0.7", 192, 256, power(0.7)),
        Arguments.of("falling as i^-1", 256, 256, power(1)),
        Arguments.of("falling as i^-1.5", 224, 224, power(1.5)),
        Arguments.of("falling as i^-2", 128, 256, power(2)),
        Arguments.of("falling by 2 % each", 256, 256, (IntToDoubleFunction) i -> Math.pow(0.98, i)),
        Arguments.of("falling by 10 % each", 96, 96, (IntToDoubleFunction) i -> Math.pow(0.9, i)),
        Arguments.of("20 outliers", 256, 256, (IntToDoubleFunction) i -> i < 20 ? 30 : 1),
        Arguments.of("of rank 20", 256, 256, (IntToDoubleFunction) i -> i < 20 ? 1 + i : 0),
        Arguments.of("all equal", 160, 160, (IntToDoubleFunction) i -> 1),
        Arguments.of("of two values", 256, 256, (IntToDoubleFunction) i -> i < 128 ? 1 : 0.01),
        Arguments.of(
            "of three values", 256, 256, (IntToDoubleFunction) RankQuadratureTest::threeValues),
        Arguments.of("one above all", 256, 256, (IntToDoubleFunction) i -> i == 0 ? 1e4 : 1));
  }

  /** 84 updates of known singular values. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("spectra")
  void theBoundsHoldTheExactValueOfEverySpectrum(
      String name, int rows, int cols, IntToDoubleFunction spectrum) {
    double[] s = IntStream.range(0, Math.min(rows, cols)).mapToDouble(spectrum).toArray();
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      try (Arena arena = Arena.open()) {
        Matrix u = OrthonormalBasis.of(gaussian(rows, s.length)).q();
        Matrix v = OrthonormalBasis.of(gaussian(cols, s.length)).q();
        Matrix update = u.scaleColumnsInPlace(s).times(v.t()).to(Precision.SINGLE);

        assertHolds(name, update, UpdateStatistics.ofDense(update).effectiveRank());
      }
    }
  }

  /** Where the values of noise reach down to zero, the two rules lie farthest apart. */
  @Test
  void theBoundsHoldTheExactValueOfNoise() {
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      try (Arena arena = Arena.open()) {
        for (int cols : new int[] {128, 256, 512}) {
          Matrix update = gaussian(256, cols).to(Precision.SINGLE);

          assertHolds("noise", update, UpdateStatistics.ofDense(update).effectiveRank());
        }
      }
    }
  }

  private void assertHolds(String name, Matrix update, double exact) {
    RankQuadrature.Estimate estimate =
        RankQuadrature.within(NARROW, update, random.nextLong()).orElseThrow();
    UpdateStatistics figures = estimate.figures();

    assertThat(exact)
        .as("%s: %s", name, estimate)
        .isBetween(
            figures.effectiveRankLow() * (1 - ROUNDING),
            figures.effectiveRankHigh() * (1 + ROUNDING));
    assertThat(figures.effectiveRank())
        .isBetween(figures.effectiveRankLow(), figures.effectiveRankHigh());
    assertThat(figures.rank()).isNull();
  }

  @Test
  void otherFiguresAreThoseOfTheWholeUpdate() {
    try (Arena arena = Arena.open()) {
      Matrix update = gaussian(700, 600).to(Precision.SINGLE);
      UpdateStatistics exact = UpdateStatistics.ofDense(update);

      UpdateStatistics found = RankQuadrature.of(update, "a.weight").orElseThrow();

      assertThat(found.norm()).isCloseTo(exact.norm(), within(1e-6 * exact.norm()));
      assertThat(found.spectralNorm())
          .isCloseTo(exact.spectralNorm(), within(1e-4 * exact.spectralNorm()));
      assertThat(found.effectiveRank())
          .isCloseTo(exact.effectiveRank(), within(NARROW * exact.effectiveRank()));
      assertThat(found.effectiveRankHigh() / found.effectiveRankLow()).isLessThan(1 + 3 * NARROW);
    }
  }

  @Test
  void theSameNameGivesTheSameValueAndAnotherOneAnother() {
    try (Arena arena = Arena.open()) {
      Matrix update = gaussian(600, 600).to(Precision.SINGLE);

      UpdateStatistics found = UpdateStatistics.estimated(update, "a.weight");

      assertThat(found.rank()).isNull();
      assertThat(UpdateStatistics.estimated(update, "a.weight")).isEqualTo(found);
      assertThat(UpdateStatistics.estimated(update, "b.weight").effectiveRank())
          .isNotEqualTo(found.effectiveRank());
    }
  }

  @Test
  void wideBoundsGiveWayToTheExactValue() {
    try (Arena arena = Arena.open()) {
      Matrix u = OrthonormalBasis.of(gaussian(40, 40)).q();
      double[] s = IntStream.rangeClosed(1, 40).mapToDouble(i -> 1.0 / i).toArray();
      Matrix update = u.scaleColumnsInPlace(s).to(Precision.SINGLE);

      assertThat(UpdateStatistics.estimated(update, "a.weight"))
          .isEqualTo(UpdateStatistics.ofDense(update));
    }
  }

  @Test
  void numbersThatSinglePrecisionDoesNotHoldAreExactAndNothingIsZero() {
    try (Arena arena = Arena.open()) {
      Matrix update = gaussian(128, 128).scaleInPlace(1e20);

      assertThat(UpdateStatistics.estimated(update, "a.weight"))
          .isEqualTo(UpdateStatistics.ofDense(update));
      assertThat(UpdateStatistics.estimated(Matrix.zeros(600, 600, Precision.SINGLE), "a.weight"))
          .isEqualTo(UpdateStatistics.NONE);
    }
  }

  /** What the documentation says: from about 1050 on, and in long matrices later. */
  @Test
  void smallMatricesStayExact() {
    assertThat(RankQuadrature.pays(960, 960)).isFalse();
    assertThat(RankQuadrature.pays(1152, 1152)).isTrue();
    assertThat(RankQuadrature.pays(1024, 4096)).isFalse();
    assertThat(RankQuadrature.pays(2048, 8192)).isTrue();
    assertThat(RankQuadrature.pays(8192, 2048)).isTrue();
    assertThat(RankQuadrature.pays(200, 100_000)).isFalse();
  }

  private static IntToDoubleFunction power(double exponent) {
    return i -> Math.pow(1 + i, -exponent);
  }

  private static Map<String, TensorInfo> tensors(String checkpoint) throws IOException {
    Storage storage = new HadoopStorage(new Configuration());
    return Checkpoint.open(storage, Path.of("data/zoo").resolve(checkpoint).toString()).tensors();
  }

  private static Matrix read(TensorInfo tensor) throws IOException {
    Storage storage = new HadoopStorage(new Configuration());
    return new TensorReader(storage).read(MatrixSource.of(tensor, false).get(0), Precision.SINGLE);
  }

  private Matrix gaussian(int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }
}
