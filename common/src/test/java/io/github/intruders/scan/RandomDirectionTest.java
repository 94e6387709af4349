package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The null against simulated random directions. */
class RandomDirectionTest {
  private static final int DRAWS = 4000;

  @ParameterizedTest
  @CsvSource({"32,32,0.12", "128,128,0.07", "384,128,0.03", "1024,1024,0.04"})
  void quantilesAreThoseOfSimulatedDirections(int dimension, int vectors, double tolerance) {
    SplittableRandom random = new SplittableRandom(41);
    double[] best = new double[DRAWS];
    for (int draw = 0; draw < DRAWS; draw++) {
      double squares = 0;
      double largest = 0;
      for (int i = 0; i < dimension; i++) {
        double c = random.nextGaussian();
        squares += c * c;
        largest = i < vectors ? Math.max(largest, Math.abs(c)) : largest;
      }
      best[draw] = largest / Math.sqrt(squares);
    }
    Arrays.sort(best);
    RandomDirection chance = new RandomDirection(dimension, vectors);

    for (double share : new double[] {0.05, 0.25, 0.5, 0.75, 0.95}) {
      assertThat(chance.quantileOf(best[(int) (share * DRAWS)]))
          .isCloseTo(share, within(tolerance));
    }
    assertThat(chance.quantileOf(chance.similarityAtQuantile())).isCloseTo(0.99, within(1e-6));
  }

  /** The paper's figure of the best similarity at 4096: about √(2 ln m / m) = 0.064. */
  @Test
  void aRandomDirectionInALargeSpaceResemblesNothing() {
    RandomDirection chance = new RandomDirection(4096, 4096);

    assertThat(chance.quantileOf(0.05)).isLessThan(0.05);
    assertThat(chance.quantileOf(0.08)).isGreaterThan(0.99);
    assertThat(chance.quantileOf(1)).isEqualTo(1);
  }

  @Test
  void theSmallestSpacesHaveAnAnswer() {
    assertThat(new RandomDirection(1, 1).quantileOf(1)).isEqualTo(1);
    assertThat(new RandomDirection(2, 1).similarityAtQuantile()).isBetween(0.9, 1.0);
  }
}
