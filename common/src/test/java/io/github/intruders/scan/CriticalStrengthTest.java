package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.SingularValues;
import java.io.InputStream;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The prediction against planted updates of noise, where the theory is exact in the limit, and
 * against numpy (src/test/python/golden_strength.py).
 */
class CriticalStrengthTest {
  private final SplittableRandom random = new SplittableRandom(7);

  /** For k = 1 the outlier of an update of critical strength lies at the base's first value. */
  @ParameterizedTest
  @CsvSource({"400,400", "600,200", "200,600"})
  void anUpdateOfCriticalStrengthReachesTheValueItIsPredictedFor(int rows, int cols) {
    try (Arena arena = Arena.open()) {
      Matrix w0 = gaussian(rows, cols, 1 / Math.sqrt(rows + cols));
      // A planted first direction gives z a place above the noise.
      w0.plusProductInPlace(
          1, gaussian(rows, 1, 2 / Math.sqrt(rows)), gaussian(1, cols, 1 / Math.sqrt(cols)));
      BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));

      double strength = CriticalStrength.of(base, 1).atK();
      Matrix w = w0.copy();
      w.plusProductInPlace(strength, unit(rows, 1), unit(1, cols));

      // Two values near z now: the base's own and the new one's.
      double[] s = LapackSvd.DIVIDE_AND_CONQUER.singularValues(w);
      assertThat(s[1]).isCloseTo(base.s()[0], within(0.08 * base.s()[0]));
      assertThat(strength).isBetween(0.5 * base.s()[0], base.s()[0]);
    }
  }

  /**
   * Of pure noise the spectrum is known: there the value that an update of strength θ brings is
   * √((1 + θ²)(β + θ²)) / θ in units of σ √q (Benaych-Georges and Nadakuditi 2012, section 3.1).
   */
  @ParameterizedTest
  @CsvSource({"400,400", "600,200", "100,500"})
  void atTheEdgeOfNoiseItIsTheStrengthThatTheLawOfNoiseGives(int rows, int cols) {
    try (Arena arena = Arena.open()) {
      double unit = 0.25 * Math.sqrt(Math.max(rows, cols));
      Matrix w0 = gaussian(rows, cols, 0.25);
      BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
      int p = Math.min(rows, cols);
      double beta = p / (double) Math.max(rows, cols);

      CriticalStrength strength = CriticalStrength.of(base, 10);

      assertThat(strength.bulkEdge())
          .isCloseTo(unit * (1 + Math.sqrt(beta)), within(0.02 * strength.bulkEdge()));
      double square = Math.pow(strength.atEdge() / unit, 2);
      assertThat(unit * Math.sqrt((1 + square) * (beta + square) / square))
          .isCloseTo(
              strength.bulkEdge() * (1 + Math.pow(p, -2.0 / 3)),
              within(0.01 * strength.bulkEdge()));
      assertThat(square).isBetween(Math.sqrt(beta), 2.2 * Math.sqrt(beta));
    }
  }

  /** Leading base values lie outside the bulk: stronger ones leave its edge where it is. */
  @Test
  void whatStandsOutOfTheBulkDoesNotMoveItsEdge() {
    double[] s = {9, 2, 1.9, 1.5, 1.2, 1, 0.8, 0.6, 0.5, 0.4, 0.2};
    double[] stronger = s.clone();
    stronger[0] = 900;

    CriticalStrength one = CriticalStrength.of(values(20, 11, s), 3);
    CriticalStrength other = CriticalStrength.of(values(20, 11, stronger), 3);

    assertThat(one.bulkEdge()).isBetween(1.0, 9.0);
    assertThat(other.bulkEdge()).isEqualTo(one.bulkEdge());
    assertThat(other.atEdge()).isEqualTo(one.atEdge());
    assertThat(other.atK()).isEqualTo(one.atK());
    assertThat(other.atTop()).isGreaterThan(50 * one.atTop());
  }

  /** Half of the base's directions carry nothing: its median says nothing of noise. */
  @Test
  void aBaseThatIsMostlyZeroHasNoBulk() {
    CriticalStrength strength =
        CriticalStrength.of(values(6, 6, new double[] {3, 2, 0, 0, 0, 0}), 2);

    assertThat(strength.bulkEdge()).isNull();
    assertThat(strength.atEdge()).isNull();
    assertThat(strength.atK()).isPositive();
    assertThat(strength.atTop()).isGreaterThan(strength.atK());
    assertThat(CriticalStrength.of(values(6, 6, new double[6]), 2))
        .isEqualTo(new CriticalStrength(0, null, 0.0, null));
  }

  @Test
  void aMadeUpSpectrumAgreesWithNumpy() throws Exception {
    try (InputStream in = getClass().getResourceAsStream("/golden/strength.json")) {
      JsonNode expected = new ObjectMapper().readTree(in).path("made_up");
      double[] s = new ObjectMapper().treeToValue(expected.path("s"), double[].class);

      assertStrengths(
          CriticalStrength.of(
              values(expected.path("rows").intValue(), expected.path("cols").intValue(), s), 10),
          expected,
          1e-9);
    }
  }

  static void assertStrengths(CriticalStrength strength, JsonNode expected, double tolerance) {
    assertRelative(strength.atK(), expected.path("k"), tolerance);
    assertRelative(strength.atEdge(), expected.path("edge"), tolerance);
    assertRelative(strength.atTop(), expected.path("top"), tolerance);
    assertRelative(strength.bulkEdge(), expected.path("bulk_edge"), tolerance);
  }

  private static void assertRelative(double value, JsonNode expected, double tolerance) {
    assertThat(value).isCloseTo(expected.doubleValue(), within(tolerance * expected.doubleValue()));
  }

  private static SingularValues values(int rows, int cols, double... s) {
    return new SingularValues() {
      @Override
      public int rows() {
        return rows;
      }

      @Override
      public int cols() {
        return cols;
      }

      @Override
      public double[] s() {
        return s;
      }
    };
  }

  private Matrix unit(int rows, int cols) {
    Matrix vector = gaussian(rows, cols, 1);
    return vector.scaleInPlace(1 / vector.frobeniusNorm());
  }

  private Matrix gaussian(int rows, int cols, double scale) {
    return Gaussian.matrix(random, rows, cols, scale, Precision.DOUBLE);
  }
}
