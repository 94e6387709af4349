package io.github.intruders.spectra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The figures of an update against those of its singular values. */
class UpdateStatisticsTest {
  private static final double TOLERANCE = 1e-9;

  private final SplittableRandom random = new SplittableRandom(3);

  @ParameterizedTest
  @CsvSource({"90,90", "150,60", "60,150", "1500,40", "40,1500", "1,7", "7,1"})
  void aFullUpdateHasTheFiguresOfItsSingularValues(int rows, int cols) {
    try (Arena arena = Arena.open()) {
      Matrix update = gaussian(rows, cols);
      double[] s = LapackSvd.DIVIDE_AND_CONQUER.singularValues(update);
      double sum = Arrays.stream(s).sum();
      double entropy = -Arrays.stream(s).map(x -> x / sum * Math.log(x / sum)).sum();

      for (Precision precision : Precision.values()) {
        double tolerance = precision == Precision.DOUBLE ? TOLERANCE : 1e-6;
        UpdateStatistics found = UpdateStatistics.ofDense(update.to(precision));

        assertThat(found.rank()).isEqualTo(s.length);
        assertThat(found.norm())
            .isCloseTo(update.frobeniusNorm(), relative(found.norm(), tolerance));
        assertThat(found.spectralNorm()).isCloseTo(s[0], relative(s[0], tolerance));
        assertThat(found.effectiveRank())
            .isCloseTo(Math.exp(entropy), relative(Math.exp(entropy), tolerance));
      }
    }
  }

  @Test
  void ranksBelowTheFullOneAreFoundWhetherTheUpdateIsGivenWholeOrAsFactors() {
    try (Arena arena = Arena.open()) {
      Matrix b = gaussian(80, 5);
      Matrix a = gaussian(5, 70);

      UpdateStatistics whole = UpdateStatistics.ofDense(b.times(a));
      UpdateStatistics factors = UpdateStatistics.ofFactors(b, a);

      assertThat(whole.rank()).isEqualTo(5);
      assertThat(factors.rank()).isEqualTo(5);
      assertThat(whole.norm()).isCloseTo(factors.norm(), relative(factors.norm(), TOLERANCE));
      assertThat(whole.effectiveRank())
          .isCloseTo(factors.effectiveRank(), relative(factors.effectiveRank(), TOLERANCE));
    }
  }

  /** Where squares alone would blur the small values. */
  @Test
  void valuesFarBelowTheLargestStillCountForTheRank() {
    try (Arena arena = Arena.open()) {
      Matrix u = OrthonormalBasis.of(gaussian(50, 3)).q();
      Matrix v = OrthonormalBasis.of(gaussian(50, 3)).q();
      Matrix update = u.scaleColumnsInPlace(new double[] {1, 1e-4, 1e-10}).times(v.t());

      assertThat(UpdateStatistics.ofDense(update).rank()).isEqualTo(3);
    }
  }

  @Test
  void anUpdateOfZeroHasNoRank() {
    try (Arena arena = Arena.open()) {
      assertThat(UpdateStatistics.ofDense(Matrix.zeros(4, 6, Precision.SINGLE)))
          .isEqualTo(UpdateStatistics.NONE);
    }
  }

  private static org.assertj.core.data.Offset<Double> relative(double value, double tolerance) {
    return within(Math.abs(value) * tolerance);
  }

  private Matrix gaussian(int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }
}
