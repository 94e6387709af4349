package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SymmetricEigenTest {
  private static final double TOLERANCE = 1e-12;

  @Test
  void eigenvaluesAscend() {
    Matrix a = Matrix.of(new double[][] {{0, 2, 0}, {2, 0, 0}, {0, 0, 1}});

    double[] values = SymmetricEigen.valuesOf(a);

    assertThat(values).containsExactly(new double[] {-2, 1, 2}, within(TOLERANCE));
  }

  @Test
  void onlyTheUpperTriangleIsRead() {
    Matrix a = Matrix.of(new double[][] {{0, 2}, {Double.MAX_VALUE, 0}});

    assertThat(SymmetricEigen.valuesOf(a)).containsExactly(new double[] {-2, 2}, within(TOLERANCE));
  }

  @Test
  void theMatrixStaysAsItIsAndMayBeAView() {
    Matrix whole = Matrix.of(new double[][] {{9, 9, 9}, {9, 3, 4}, {9, 4, -3}});
    Matrix before = whole.copy();

    assertThat(SymmetricEigen.valuesOf(whole.rowRange(1, 3).columnRange(1, 3)))
        .containsExactly(new double[] {-5, 5}, within(TOLERANCE));
    assertThat(before.plusInPlace(-1, whole).maxAbsolute()).isZero();
  }

  @Test
  void eigenvaluesOfAGramMatrixAreSquaredSingularValues() {
    Matrix x = Gaussian.matrix(new SplittableRandom(5), 40, 12);
    double[] s = LapackSvd.QR_ITERATION.singularValues(x);

    double[] values = SymmetricEigen.valuesOf(x.t().times(x));

    for (int i = 0; i < 12; i++) {
      assertThat(values[11 - i]).isCloseTo(s[i] * s[i], within(TOLERANCE * s[0] * s[0]));
    }
  }

  @Test
  void signsAreCountedWhereLargeNumbersDrownTheSmallOnes() {
    // Determinant −1e-7 in units of the corner's product: one of the values is negative.
    Matrix below = Matrix.of(new double[][] {{1e12, 1}, {1, 1e-12 * (1 - 1e-7)}});
    Matrix above = Matrix.of(new double[][] {{1e12, 1}, {1, 1e-12 * (1 + 1e-7)}});

    assertThat(SymmetricEigen.positiveValues(below)).isEqualTo(1);
    assertThat(SymmetricEigen.positiveValues(above)).isEqualTo(2);
  }

  @Test
  void oneElementIsItsOwnEigenvalue() {
    assertThat(SymmetricEigen.valuesOf(Matrix.of(new double[][] {{-7}}))).containsExactly(-7);
  }

  @Test
  void onlySquareMatricesOfDoublesAreTaken() {
    assertThatThrownBy(() -> SymmetricEigen.valuesOf(Matrix.zeros(2, 3, Precision.DOUBLE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Expected a square double matrix, found 2x3 double");
    assertThatThrownBy(() -> SymmetricEigen.valuesOf(Matrix.zeros(2, 2, Precision.SINGLE)))
        .hasMessage("Expected a square double matrix, found 2x2 single");
  }
}
