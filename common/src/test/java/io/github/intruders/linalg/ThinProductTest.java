package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tiles make the products that doubles make, whatever processor this is. */
class ThinProductTest {
  private final SplittableRandom random = new SplittableRandom(41);

  @ParameterizedTest
  @CsvSource({
    "300, 700, 10, 0, 1",
    "300, 700, 32, 1, -1",
    "512, 128, 1, 0, 1",
    "1030, 65, 64, 0.5, 2",
    "65, 1030, 63, 0, 1",
    "129, 513, 18, 1, 1"
  })
  void tilesMakeTheWholeProduct(int rows, int cols, int width, double beta, double alpha) {
    try (Arena arena = Arena.open()) {
      Matrix large = view(rows, cols);
      check(large, view(cols, width), beta, alpha);
      check(large.t(), view(rows, width), beta, alpha);
      check(view(width, rows), large, beta, alpha);
    }
  }

  @Test
  void noTilesAreMadeOfOtherProducts() {
    try (Arena arena = Arena.open()) {
      Matrix large = view(300, 700);
      assertThat(ThinProduct.isInTiles(large, view(700, 65))).as("broad").isFalse();
      assertThat(ThinProduct.isInTiles(view(8, 700), large.t())).as("rows by Wᵀ").isFalse();
      assertThat(ThinProduct.isInTiles(large, view(8, 700).t())).as("rows by Wᵀ").isFalse();
      assertThat(ThinProduct.isInTiles(view(8, 300).t().t(), view(300, 8))).as("small").isFalse();
      assertThat(ThinProduct.isInTiles(view(300, 8).t(), large)).as("transposed rows").isFalse();
    }
  }

  private void check(Factor a, Factor b, double beta, double alpha) {
    Matrix found = view(a.rows(), b.cols());
    if (beta == 0) {
      found.set(a.rows() - 1, b.cols() - 1, Double.NaN); // what was there before does not count
    }
    Matrix expected = exact(a).times(exact(b)).scaleInPlace(alpha);
    if (beta != 0) {
      expected.plusInPlace(beta, found.to(Precision.DOUBLE));
    }
    assertThat(ThinProduct.isInTiles(a, b)).isTrue();

    ThinProduct.into(found, beta, alpha, a, b);

    assertThat(found.to(Precision.DOUBLE).plusInPlace(-1, expected).maxAbsolute())
        .isCloseTo(0, within(1e-6 * a.cols()));
  }

  private static Factor exact(Factor factor) {
    Matrix exact = Product.matrix(factor).to(Precision.DOUBLE);
    return factor instanceof Transposed ? exact.t() : exact;
  }

  /** A part of a larger matrix. */
  private Matrix view(int rows, int cols) {
    return Gaussian.matrix(random, rows + 2, cols + 3, 1, Precision.SINGLE)
        .rowRange(1, rows + 1)
        .columnRange(2, cols + 2);
  }
}
