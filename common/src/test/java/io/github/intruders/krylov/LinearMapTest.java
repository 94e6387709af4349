package io.github.intruders.krylov;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LinearMapTest {
  private static final int M = 23;
  private static final int N = 17;
  private final SplittableRandom random = new SplittableRandom(7);

  @Test
  void anUpdateBesideAMatrixMakesTheSameOfVectorsAsTheirSum() {
    try (Arena arena = Arena.open()) {
      LinearMap.Whole whole = new LinearMap.Whole(gaussian(M, N));
      Matrix b = gaussian(M, 3);
      Matrix a = gaussian(3, N);
      LinearMap beside = new LinearMap.Updated(whole, b, a);
      Matrix right = gaussian(N, 2);
      Matrix left = gaussian(M, 2);

      Matrix expected = whole.working().copy().plusProductInPlace(1, b, a);
      LinearOperator found = beside.working();
      assertSame(found.forth(right), expected.forth(right));
      assertSame(found.back(left), expected.back(left));
      assertSame(found.rowsBack(left.transposed()), expected.rowsBack(left.transposed()));
      assertSame(found.t().forth(left), expected.back(left));
      assertSame(found.t().back(right), expected.forth(right));
      assertThat(found.t().t()).isSameAs(found);
      LinearMap.Products products = beside.exact(right.transposed(), left.transposed());
      assertSame(products.forth(), expected.forth(right).transposed());
      assertSame(products.back(), expected.back(left).transposed());
      assertThat(beside.norm()).isGreaterThanOrEqualTo(expected.frobeniusNorm() * (1 - 1e-12));
    }
  }

  private static void assertSame(Matrix found, Matrix expected) {
    assertThat(found.copy().plusInPlace(-1, expected).frobeniusNorm()).isCloseTo(0, within(1e-12));
  }

  private Matrix gaussian(int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }
}
