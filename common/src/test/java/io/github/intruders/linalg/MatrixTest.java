package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Locale;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MatrixTest {
  private final Matrix a = Matrix.of(new double[][] {{1, 2, 3}, {4, 5, 6}});

  @Test
  void productsWithAndWithoutTranspositionAgree() {
    Matrix b = Matrix.of(new double[][] {{1, 0}, {0, 1}, {2, 2}});

    assertThat(a.times(b).row(1)).containsExactly(16, 17);
    assertThat(a.transposed().t().times(b).row(1)).containsExactly(16, 17);
    assertThat(a.times(b.transposed().t()).row(1)).containsExactly(16, 17);
    assertThat(a.times(b.columnRange(1, 2)).column(0)).containsExactly(8, 17);
  }

  @Test
  void aViewSharesItsMatrixsMemory() {
    Matrix view = a.rowRange(1, 2).columnRange(1, 3);
    view.scaleInPlace(10);

    assertThat(a.row(1)).containsExactly(4, 50, 60);
    assertThat(view.copy().row(0)).containsExactly(50, 60);
    assertThat(view.transposed().column(0)).containsExactly(50, 60);
  }

  @Test
  void aValueTooLargeForSinglePrecisionIsRefused() {
    Matrix large = Matrix.of(new double[][] {{1e200}});

    assertThatThrownBy(() -> large.to(Precision.SINGLE))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage("Cannot round 1x1 double to single precision: a value is too large");
  }

  @Test
  void theNormDoesNotOverflow() {
    Matrix huge = Matrix.of(new double[][] {{3e200, 4e200}});

    assertThat(huge.frobeniusNorm()).isCloseTo(5e200, within(1e186));
  }

  @Test
  void shapesAreNamedWhenTheyDoNotFit() {
    assertThatThrownBy(() -> a.times(a))
        .hasMessage("Cannot multiply 2x3 double by 2x3 double into 2x3 double");
    assertThatThrownBy(() -> a.get(2, 0)).hasMessage("(2, 0) lies outside a 2x3 matrix");
    assertThatThrownBy(() -> a.plusInPlace(1, a.to(Precision.SINGLE)))
        .hasMessage("Precisions differ: 2x3 double and 2x3 single");
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void productsOfStridedViewsAgreeWithSums(Precision precision) {
    Matrix left = numbered(7, 9, precision).rowRange(1, 6).columnRange(2, 6);
    Matrix right = numbered(8, 10, precision).rowRange(2, 6).columnRange(3, 6);
    Matrix expected = sums(left, right);

    assertSame(left.times(right), expected);
    assertSame(left.transposed().t().times(right), expected);
    assertSame(left.times(right.transposed().t()), expected);
    Matrix wideHolder = Matrix.zeros(9, 9, precision);
    Matrix turned = wideHolder.rowRange(3, 7).columnRange(1, 6).assign(left.transposed());
    assertSame(turned.t().times(right), expected);
    assertSame(left.times(right.columnRange(1, 2)), expected.columnRange(1, 2).copy());
    assertSame(turned.t().times(right.columnRange(2, 3)), expected.columnRange(2, 3).copy());
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void aProductIntoAViewLeavesItsSurroundingsAlone(Precision precision) {
    Matrix left = numbered(3, 4, precision);
    Matrix right = numbered(4, 2, precision);
    Matrix whole = numbered(6, 7, precision);
    Matrix before = whole.copy();
    Matrix target = whole.rowRange(2, 5).columnRange(3, 5);

    assertSame(target.assignProduct(left, right), sums(left, right));
    assertSame(target.plusProductInPlace(-0.5, left, right), sums(left, right).scaleInPlace(0.5));
    assertSame(target.plusProductInPlace(0.5, left.transposed().t(), right), sums(left, right));
    assertSame(target.assignProduct(left, right.transposed().t()), sums(left, right));

    before.rowRange(2, 5).columnRange(3, 5).assign(target);
    assertSame(whole, before);
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void rangesOfRowsAndColumnsShareTheMemory(Precision precision) {
    Matrix whole = numbered(4, 5, precision);

    whole.rowRange(1, 3).set(0, 2, 70);
    whole.columnRange(2, 4).rowRange(1, 3).set(1, 1, 80);

    assertThat(whole.get(1, 2)).isEqualTo(70);
    assertThat(whole.get(2, 3)).isEqualTo(80);
    assertThat(whole.rowRange(4, 4).rows()).isZero();
    assertThat(whole.columnRange(0, 0).cols()).isZero();
  }

  @Test
  void aCopyDoesNotShareItsMemory() {
    a.copy().set(0, 0, 99);
    a.to(Precision.DOUBLE).set(0, 0, 99);

    assertThat(a.get(0, 0)).isEqualTo(1);
  }

  @Test
  void assignmentConvertsThePrecision() {
    Matrix single = Matrix.zeros(2, 4, Precision.SINGLE);
    single.columnRange(1, 4).assign(a.scaleInPlace(0.1));

    assertThat(single.row(0)).containsExactly(0, 0.1f, 0.2f, (float) (0.1 * 3));
    Matrix back = Matrix.zeros(3, 3, Precision.DOUBLE);
    back.rowRange(1, 3).assign(single.columnRange(1, 4));
    assertThat(back.row(0)).containsExactly(0, 0, 0);
    assertThat(back.row(1)).containsExactly(0.1f, 0.2f, (float) (0.1 * 3));
    assertThat(Matrix.of(new double[][] {{1e-60}}).to(Precision.SINGLE).get(0, 0)).isZero();
    assertThatThrownBy(() -> single.assign(a))
        .hasMessage("Shapes differ: 2x4 single and 2x3 double");
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e39, -1e39, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void anyValueTooLargeForSinglePrecisionIsRefused(double value) {
    Matrix target = Matrix.zeros(2, 3, Precision.SINGLE);
    a.set(1, 2, value);

    assertThatThrownBy(() -> target.assign(a))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage("Cannot round 2x3 double to single precision: a value is too large");
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void theNormSeesTheViewOnlyAndNeitherOverflowsNorUnderflows(Precision precision) {
    double huge = precision == Precision.SINGLE ? 1e38 : 1e307;
    double tiny = precision == Precision.SINGLE ? 1e-38 : 1e-307;
    Matrix whole = Matrix.of(new double[][] {{9, 3, 4}, {9, 0, 12}}).to(precision);
    double tolerance = 4 * precision.epsilon();

    assertThat(whole.columnRange(1, 3).frobeniusNorm()).isEqualTo(13);
    assertThat(norm(precision, 3 * huge / 5, 4 * huge / 5))
        .isCloseTo(huge, within(tolerance * huge));
    assertThat(norm(precision, 3 * tiny, 4 * tiny))
        .isCloseTo(5 * tiny, within(tolerance * 5 * tiny));
    assertThat(norm(precision, 0, 0)).isZero();
    assertThat(norm(precision, 1, Double.NaN)).isNaN();
    assertThat(Matrix.allocate(0, 3, precision).frobeniusNorm()).isZero();
  }

  private static double norm(Precision precision, double first, double second) {
    Matrix row = Matrix.zeros(1, 2, precision);
    row.set(0, 0, first);
    row.set(0, 1, second);
    return row.frobeniusNorm();
  }

  @Test
  void theLargestAbsoluteValueMayBeNegative() {
    assertThat(Matrix.of(new double[][] {{1, -7}, {3, 2}}).maxAbsolute()).isEqualTo(7);
    assertThat(Matrix.of(new double[][] {{1, Double.NaN}, {3, 2}}).maxAbsolute()).isNaN();
    assertThat(Matrix.allocate(3, 0, Precision.SINGLE).maxAbsolute()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void transpositionTurnsViewsRound(Precision precision) {
    Matrix view = numbered(6, 8, precision).rowRange(2, 5).columnRange(1, 6);
    Matrix transposed = view.transposed();

    assertThat(transposed.rows()).isEqualTo(5);
    assertThat(transposed.cols()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      assertThat(transposed.column(i)).containsExactly(view.row(i));
    }
    assertThat(Matrix.allocate(0, 4, precision).transposed())
        .hasToString("4x0 " + precision.name().toLowerCase(Locale.ROOT));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void sumsAndFactorsApplyToTheViewOnly(Precision precision) {
    Matrix whole = numbered(3, 4, precision); // 1 to 12
    Matrix view = whole.rowRange(0, 2).columnRange(1, 3);

    view.plusInPlace(2, view.copy());
    assertThat(whole.row(0)).containsExactly(1, 6, 9, 4);
    view.scaleRowsInPlace(new double[] {1, 10});
    assertThat(whole.row(1)).containsExactly(5, 180, 210, 8);
    view.scaleColumnsInPlace(new double[] {0.5, 2});
    assertThat(whole.row(0)).containsExactly(1, 3, 18, 4);
    view.scaleInPlace(-1);
    assertThat(whole.row(1)).containsExactly(5, -90, -420, 8);
    assertThat(whole.row(2)).containsExactly(9, 10, 11, 12);
    assertThatThrownBy(() -> whole.plusInPlace(1, view))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Shapes differ: 3x4 ");
  }

  @Test
  void placesOutsideAreNamed() {
    assertOutside(() -> a.get(-1, 0), "(-1, 0) lies outside a 2x3 matrix");
    assertOutside(() -> a.get(0, 3), "(0, 3) lies outside a 2x3 matrix");
    assertOutside(() -> a.set(2, 1, 0), "(2, 1) lies outside a 2x3 matrix");
    assertOutside(() -> a.row(2), "(2, 0) lies outside a 2x3 matrix");
    assertOutside(() -> a.column(-1), "(0, -1) lies outside a 2x3 matrix");
    assertOutside(() -> a.rowRange(1, 3), "Rows 1 to 3 lie outside a 2x3 matrix");
    assertOutside(() -> a.rowRange(-1, 1), "Rows -1 to 1 lie outside a 2x3 matrix");
    assertOutside(() -> a.rowRange(2, 1), "Rows 2 to 1 lie outside a 2x3 matrix");
    assertOutside(() -> a.columnRange(0, 4), "Columns 0 to 4 lie outside a 2x3 matrix");
    // Inside the memory of the whole matrix, and yet outside the view.
    assertOutside(() -> a.columnRange(0, 1).get(0, 1), "(0, 1) lies outside a 2x1 matrix");
  }

  private static void assertOutside(ThrowingCallable access, String message) {
    assertThatThrownBy(access).isInstanceOf(IndexOutOfBoundsException.class).hasMessage(message);
  }

  @Test
  void raggedRowsAndNegativeShapesAreRefused() {
    assertThatThrownBy(() -> Matrix.of(new double[][] {{1, 2}, {3}}))
        .hasMessage("Row 1 has 1 values, row 0 has 2");
    assertThatThrownBy(() -> Matrix.allocate(-1, 2, Precision.SINGLE))
        .hasMessage("Cannot make a matrix of negative shape -1x2");
    assertThat(Matrix.of(new double[0][0])).hasToString("0x0 double");
  }

  @Test
  void elementsArePutAndFetchedInReadingOrder() {
    Matrix single = Matrix.zeros(2, 3, Precision.SINGLE);
    single.setFloats(2, new float[] {7, 8, 9}, 2);
    float[] floats = new float[4];
    single.copyFloats(1, floats, 3);

    assertThat(single.row(0)).containsExactly(0, 0, 7);
    assertThat(single.row(1)).containsExactly(8, 0, 0);
    assertThat(floats).containsExactly(0, 7, 8, 0);

    a.rowRange(1, 2).setDoubles(1, new double[] {10, 11}, 2);
    double[] doubles = new double[4];
    a.copyDoubles(2, doubles, 4);
    assertThat(doubles).containsExactly(3, 4, 10, 11);
  }

  @Test
  void readingOrderNeedsAMatrixWithoutGapsInItsOwnPrecision() {
    Matrix narrow = Matrix.zeros(2, 3, Precision.SINGLE).columnRange(0, 2);

    assertThatThrownBy(() -> narrow.setFloats(0, new float[1], 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("Expected a contiguous SINGLE matrix, found 2x2 single with stride 3");
    assertThatThrownBy(() -> narrow.copyFloats(0, new float[1], 1))
        .hasMessage("Expected a contiguous SINGLE matrix, found 2x2 single with stride 3");
    assertThatThrownBy(() -> a.setFloats(0, new float[1], 1))
        .hasMessage("Expected a contiguous SINGLE matrix, found 2x3 double with stride 3");
    assertThatThrownBy(() -> narrow.setDoubles(0, new double[1], 1))
        .hasMessage("Expected a contiguous DOUBLE matrix, found 2x2 single with stride 3");
    assertThatThrownBy(() -> a.columnRange(1, 2).copyDoubles(0, new double[1], 1))
        .hasMessage("Expected a contiguous DOUBLE matrix, found 2x1 double with stride 3");
  }

  @Test
  void productsNameTheirOperandsWhenTheyDoNotFit() {
    assertThatThrownBy(() -> a.t().times(Matrix.zeros(3, 1, Precision.DOUBLE)))
        .hasMessage("Cannot multiply 2x3 doubleᵀ by 3x1 double into 3x1 double");
    assertThatThrownBy(() -> a.times(Matrix.zeros(4, 2, Precision.DOUBLE).t()))
        .hasMessage("Cannot multiply 2x3 double by 4x2 doubleᵀ into 2x4 double");
    assertThatThrownBy(() -> a.times(Matrix.zeros(3, 3, Precision.SINGLE)))
        .hasMessage("Cannot multiply 2x3 double by 3x3 single into 2x3 double: precisions differ");
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void aProductOverNothingIsZero(Precision precision) {
    Matrix tall = Matrix.allocate(3, 0, precision);
    Matrix target = numbered(3, 2, precision);

    assertThat(target.assignProduct(tall, Matrix.allocate(0, 2, precision)).maxAbsolute()).isZero();
    assertThat(Matrix.allocate(0, 3, precision).times(Matrix.zeros(3, 2, precision)))
        .hasToString("0x2 " + precision.name().toLowerCase(Locale.ROOT));
  }

  private static Matrix numbered(int rows, int cols, Precision precision) {
    Matrix matrix = Matrix.allocate(rows, cols, precision);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix.set(i, j, 1 + i * cols + j);
      }
    }
    return matrix;
  }

  /** The product by its definition. */
  private static Matrix sums(Matrix left, Matrix right) {
    Matrix product = Matrix.zeros(left.rows(), right.cols(), left.precision());
    for (int i = 0; i < left.rows(); i++) {
      for (int j = 0; j < right.cols(); j++) {
        double sum = 0;
        for (int k = 0; k < left.cols(); k++) {
          sum += left.get(i, k) * right.get(k, j);
        }
        product.set(i, j, sum);
      }
    }
    return product;
  }

  /** All numbers here are small multiples of a half, so that nothing is rounded. */
  private static void assertSame(Matrix actual, Matrix expected) {
    assertThat(actual).hasToString(expected.toString());
    for (int i = 0; i < actual.rows(); i++) {
      assertThat(actual.row(i)).as("row %d", i).containsExactly(expected.row(i));
    }
  }

  @Test
  void aProductOverNothingIsZeroWhateverItsWidth() {
    for (Precision precision : Precision.values()) {
      for (int cols : new int[] {1, 2, 5}) {
        Matrix target = Matrix.allocate(3, cols, precision);
        target.assign(Matrix.zeros(3, cols, precision));
        for (int i = 0; i < 3; i++) {
          target.set(i, 0, 7);
        }
        target.assignProduct(Matrix.allocate(3, 0, precision), Matrix.allocate(0, cols, precision));
        assertThat(target.maxAbsolute()).as("%s, %d columns", precision, cols).isZero();
      }
    }
  }

  @Test
  void nothingIsWrittenOrReadOutsideTheMatrix() {
    Matrix small = Matrix.zeros(2, 2, Precision.SINGLE);

    assertThatThrownBy(() -> small.setFloats(2, new float[3], 3))
        .hasMessage("3 elements from 2 lie outside a 2x2 matrix");
    assertThatThrownBy(() -> small.copyFloats(-1, new float[1], 1))
        .hasMessage("1 elements from -1 lie outside a 2x2 matrix");
    assertThatThrownBy(() -> small.setRow(0, new double[3]))
        .hasMessage("Expected 2 values for a row, found 3");
  }

  @Test
  void aViewIsNotKeptBeyondItsMatrix() {
    try (Arena arena = Arena.open()) {
      Matrix view = Matrix.zeros(3, 3, Precision.DOUBLE).rowRange(0, 1);

      assertThatThrownBy(() -> arena.keep(view))
          .hasMessage(
              "Cannot keep a view, 1x3 double: its memory is another matrix's; keep a copy");
    }
  }
}
