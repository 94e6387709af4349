package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class OrthonormalBasisTest {
  /** Errors are allowed in units of the precision's epsilon. */
  private static final double UNITS = 100;

  private final SplittableRandom random = new SplittableRandom(11);

  private Matrix gaussian(int rows, int cols, Precision precision) {
    return Gaussian.matrix(random, rows, cols, 1, precision);
  }

  private static void assertFactorises(Matrix x) {
    Matrix before = x.copy();
    OrthonormalBasis basis = OrthonormalBasis.of(x);
    double tolerance = UNITS * x.precision().epsilon();

    assertThat(x.copy().plusInPlace(-1, before).maxAbsolute()).as("input stays").isZero();
    assertThat(basis.q().rows()).isEqualTo(x.rows());
    assertThat(basis.q().cols()).isEqualTo(x.cols());
    assertThat(basis.q().precision()).isEqualTo(x.precision());
    Matrix gram = basis.q().t().times(basis.q());
    gram.plusInPlace(-1, Matrix.identity(x.cols(), x.precision()));
    assertThat(gram.maxAbsolute()).as("orthonormality").isLessThanOrEqualTo(tolerance);
    Matrix rebuilt = basis.q().times(basis.r()).plusInPlace(-1, x);
    assertThat(rebuilt.maxAbsolute())
        .as("reconstruction")
        .isLessThanOrEqualTo(tolerance * x.maxAbsolute());
    for (int i = 1; i < x.cols(); i++) {
      for (int j = 0; j < i; j++) {
        assertThat(basis.r().get(i, j)).as("below the diagonal").isZero();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SINGLE,1,1",
    "DOUBLE,1,1",
    "SINGLE,40,40",
    "DOUBLE,40,40",
    "SINGLE,500,3",
    "DOUBLE,500,3",
    "SINGLE,65,64",
    "DOUBLE,65,64",
    "SINGLE,9,1",
    "DOUBLE,9,1"
  })
  void rebuildsItsMatrixFromOrthonormalColumns(Precision precision, int rows, int cols) {
    assertFactorises(gaussian(rows, cols, precision));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void vectorsThatAreKeptAsRowsGiveTheSame(Precision precision) {
    Matrix x = gaussian(30, 5, precision);
    Matrix rows = x.transposed();
    OrthonormalBasis expected = OrthonormalBasis.of(x);

    Matrix triangle = OrthonormalBasis.triangleOfRows(rows);
    assertThat(rows.copy().plusInPlace(-1, x.transposed()).maxAbsolute()).isZero();
    Matrix r = OrthonormalBasis.ofRowsInPlace(rows);

    assertThat(triangle.plusInPlace(-1, expected.r()).maxAbsolute()).isZero();
    assertThat(r.plusInPlace(-1, expected.r()).maxAbsolute()).isZero();
    assertThat(rows.plusInPlace(-1, expected.q().transposed()).maxAbsolute()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void takesAViewWithGaps(Precision precision) {
    assertFactorises(gaussian(30, 20, precision).rowRange(4, 24).columnRange(3, 11));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void staysOrthonormalForDependentColumns(Precision precision) {
    Matrix x = gaussian(20, 6, precision);
    x.columnRange(3, 6).assign(x.columnRange(0, 3).copy());

    assertFactorises(x);
    assertThat(Math.abs(OrthonormalBasis.of(x).r().get(5, 5)))
        .isLessThan(UNITS * precision.epsilon());
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void staysOrthonormalForZero(Precision precision) {
    Matrix x = Matrix.zeros(8, 3, precision);

    assertFactorises(x);
    assertThat(OrthonormalBasis.of(x).r().maxAbsolute()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void noColumnsAreABasisOfNothing(Precision precision) {
    OrthonormalBasis basis = OrthonormalBasis.of(Matrix.allocate(5, 0, precision));

    assertThat(basis.q().rows()).isEqualTo(5);
    assertThat(basis.q().cols()).isZero();
    assertThat(basis.r().rows()).isZero();
    assertThat(basis.r().precision()).isEqualTo(precision);
  }

  @Test
  void moreColumnsThanRowsAreRefused() {
    assertThatThrownBy(() -> OrthonormalBasis.of(Matrix.zeros(2, 3, Precision.SINGLE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot orthonormalise more columns than rows: 2x3");
  }

  @Test
  void aMatrixThatIsNotFiniteIsRefused() {
    Matrix x = Matrix.identity(3, Precision.DOUBLE);
    x.set(1, 1, Double.NaN);

    assertThatThrownBy(() -> OrthonormalBasis.of(x))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("geqrf refused 3 vectors of length 3: info -4 (are all elements finite?)");
  }
}
