package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinearSystemTest {
  private static final double TOLERANCE = 1e-10;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 30})
  void solvesASymmetricSystemAndLeavesItAsItIs(int order) {
    SplittableRandom random = new SplittableRandom(order);
    Matrix a = Matrix.zeros(order, order, Precision.DOUBLE);
    Matrix expected = Matrix.zeros(1, order, Precision.DOUBLE);
    for (int i = 0; i < order; i++) {
      expected.set(0, i, random.nextGaussian());
      for (int j = 0; j <= i; j++) {
        double value = random.nextGaussian() + (i == j ? 2 * order : 0);
        a.set(i, j, value);
        a.set(j, i, value);
      }
    }
    Matrix before = a.copy();
    Matrix x = expected.times(a);

    assertThat(LinearSystem.solveInPlace(a, x)).isTrue();
    assertThat(x.plusInPlace(-1, expected).maxAbsolute()).isLessThan(TOLERANCE);
    assertThat(before.plusInPlace(-1, a).maxAbsolute()).isZero();
  }

  @Test
  void anIndefiniteSystemWithAZeroPivotIsSolvedByExchangingRows() {
    Matrix x = Matrix.of(new double[][] {{3, 5}});

    assertThat(LinearSystem.solveInPlace(Matrix.of(new double[][] {{0, 1}, {1, 0}}), x)).isTrue();
    assertThat(x.row(0)).containsExactly(5, 3);
  }

  @Test
  void theSystemMayBeAView() {
    Matrix whole = Matrix.of(new double[][] {{9, 2, 1, 9}, {9, 1, 2, 9}});
    Matrix x = Matrix.of(new double[][] {{4, 5}});

    assertThat(LinearSystem.solveInPlace(whole.columnRange(1, 3), x)).isTrue();
    assertThat(x.get(0, 0)).isCloseTo(1, within(TOLERANCE));
    assertThat(x.get(0, 1)).isCloseTo(2, within(TOLERANCE));
  }

  @Test
  void aSingularSystemIsTold() {
    Matrix singular = Matrix.of(new double[][] {{1, 1}, {1, 1}});

    assertThat(LinearSystem.solveInPlace(singular, Matrix.zeros(1, 2, Precision.DOUBLE))).isFalse();
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    Matrix square = Matrix.identity(2, Precision.DOUBLE);

    assertThatThrownBy(
            () -> LinearSystem.solveInPlace(square, Matrix.zeros(1, 3, Precision.DOUBLE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot solve 2x2 double for 1x3 double");
    assertThatThrownBy(
            () -> LinearSystem.solveInPlace(square, Matrix.zeros(2, 2, Precision.DOUBLE)))
        .hasMessage("Cannot solve 2x2 double for 2x2 double");
    assertThatThrownBy(
            () ->
                LinearSystem.solveInPlace(
                    Matrix.zeros(2, 3, Precision.DOUBLE), Matrix.zeros(1, 2, Precision.DOUBLE)))
        .hasMessage("Cannot solve 2x3 double for 1x2 double");
  }
}
