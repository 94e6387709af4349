package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

class MatrixTest {
  private final Matrix a = Matrix.of(new double[][] {{1, 2, 3}, {4, 5, 6}});

  @Test
  void productsWithAndWithoutTranspositionAgree() {
    Matrix b = Matrix.of(new double[][] {{1, 0}, {0, 1}, {2, 2}});

    assertThat(a.times(b).row(1)).containsExactly(16, 17);
    assertThat(a.transposed().transposedTimes(b).row(1)).containsExactly(16, 17);
    assertThat(a.timesTransposed(b.transposed()).row(1)).containsExactly(16, 17);
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

  @Test
  void anArenaFreesWhatWasMadeInItAndKeepsWhatIsHandedOut() {
    int order = 500;
    long before = Pointer.totalBytes();
    Matrix kept;
    try (Arena outer = Arena.open()) {
      try (Arena inner = Arena.open()) {
        Matrix.zeros(order, order, Precision.DOUBLE);
        kept = inner.keep(Matrix.identity(order, Precision.DOUBLE));
      }
      assertThat(Pointer.totalBytes() - before).isBetween(2_000_000L, 2_000_100L);
      assertThat(kept.get(499, 499)).isEqualTo(1);
    }
    assertThat(Pointer.totalBytes() - before).isLessThan(1000);
  }

  @Test
  void anArenaThatIsNotTheInnermostCanNotBeClosed() {
    try (Arena outer = Arena.open();
        Arena inner = Arena.open()) {
      assertThat(inner).isNotNull();
      assertThatThrownBy(outer::close)
          .hasMessage("Cannot close an arena that is not the innermost one of this thread");
    }
  }

  @Test
  void anOrthonormalBasisRebuildsItsMatrixEvenFromDependentColumns() {
    Matrix x = Matrix.of(new double[][] {{1, 2, 0}, {2, 4, 1}, {3, 6, 0}, {0, 0, 2}});
    OrthonormalBasis basis = OrthonormalBasis.of(x);

    Matrix gram = basis.q().transposedTimes(basis.q());
    assertThat(gram.plusInPlace(-1, Matrix.identity(3, Precision.DOUBLE)).maxAbsolute())
        .isLessThan(1e-14);
    assertThat(basis.q().times(basis.r()).plusInPlace(-1, x).maxAbsolute()).isLessThan(1e-14);
  }

  @Test
  void theBackendIsNamedAndTakesItsThreads() {
    int before = OpenBlas.threads();
    OpenBlas.useThreads(1);
    assertThat(OpenBlas.threads()).isEqualTo(1);
    OpenBlas.useThreads(before);
    assertThat(OpenBlas.description()).startsWith("OpenBLAS 0.3");
  }
}
