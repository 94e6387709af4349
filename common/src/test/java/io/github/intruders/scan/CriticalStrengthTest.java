package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The prediction against planted updates of noise, where the theory is exact in the limit. */
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

      double strength = CriticalStrength.of(base, 1);
      Matrix w = w0.copy();
      w.plusProductInPlace(strength, unit(rows, 1), unit(1, cols));

      // Two values near z now: the base's own and the new one's.
      double[] s = LapackSvd.DIVIDE_AND_CONQUER.singularValues(w);
      assertThat(s[1]).isCloseTo(base.s()[0], within(0.08 * base.s()[0]));
      assertThat(strength).isBetween(0.5 * base.s()[0], base.s()[0]);
    }
  }

  private Matrix unit(int rows, int cols) {
    Matrix vector = gaussian(rows, cols, 1);
    return vector.scaleInPlace(1 / vector.frobeniusNorm());
  }

  private Matrix gaussian(int rows, int cols, double scale) {
    return Gaussian.matrix(random, rows, cols, scale, Precision.DOUBLE);
  }
}
