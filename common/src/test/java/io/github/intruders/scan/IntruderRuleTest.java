package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What the count alone does not say: a rotation and a new direction, planted side by side. */
class IntruderRuleTest {
  private static final int P = 64;
  private static final ScanSettings WIDE =
      new ScanSettings(TopK.parse("6"), List.of(0.8), List.of(Side.LEFT), SolverChoice.AUTO);

  private final SplittableRandom random = new SplittableRandom(3);

  /** Two equal base values at places 1 and 2, everything else far apart. */
  private BaseSpectrum base() {
    double[] s = new double[P];
    for (int i = 0; i < P; i++) {
      s[i] = i == 1 || i == 2 ? 15 : i < 6 ? 20 - 2 * i : 1.0 / (1 + i);
    }
    return new BaseSpectrum(
        "",
        OrthonormalBasis.of(gaussian(P)).q().to(Precision.SINGLE),
        s,
        OrthonormalBasis.of(gaussian(P)).q().transposed().to(Precision.SINGLE));
  }

  /** W0 plus what is given in the base's coordinates. */
  private static List<VectorScan> scan(BaseSpectrum base, Matrix change) {
    Matrix m = change.copy();
    for (int i = 0; i < P; i++) {
      m.set(i, i, m.get(i, i) + base.s()[i]);
    }
    Matrix w = base.u().to(Precision.DOUBLE).times(m).times(base.vt().to(Precision.DOUBLE));
    return IntruderRule.apply(base, new DenseRoute().solve(base, w, 6), WIDE);
  }

  @Test
  void aRotationInsideADegeneratePairIsToldFromANewDirection() {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base = base();
      Matrix change = Matrix.zeros(P, P, Precision.DOUBLE);
      // Inside the pair: [15, e; e, 15] has its vectors at 45 degrees.
      change.set(1, 2, 0.1);
      change.set(2, 1, 0.1);
      // A new direction, spread over many small base vectors.
      for (int i = 10; i < P; i++) {
        for (int j = 10; j < P; j++) {
          change.set(i, j, 17.0 / (P - 10));
        }
      }

      List<VectorScan> vectors = scan(base, change);

      VectorScan fresh = vectors.get(1); // 20, 17 and a little, 15.1, 14.9, 14, …
      VectorScan rotated = vectors.get(2);
      assertThat(fresh.isIntruder()).isTrue();
      assertThat(rotated.isIntruder()).as("by the count alone").isTrue();
      assertThat(rotated.bestSimilarity()).isCloseTo(Math.sqrt(0.5), within(1e-3));
      assertThat(rotated.clusterSimilarity()).isGreaterThan(0.999);
      assertThat(rotated.energyInBaseTopK()).isGreaterThan(0.999);
      assertThat(rotated.participationRatio()).isCloseTo(2, within(0.01));
      assertThat(rotated.nullQuantile()).isGreaterThan(0.999);
      assertThat(fresh.bestSimilarity()).isLessThan(0.2);
      assertThat(fresh.clusterSimilarity()).isLessThan(0.2);
      assertThat(fresh.energyInBaseTopK()).isLessThan(0.01);
      assertThat(fresh.participationRatio()).isGreaterThan(40);
      assertThat(fresh.nullQuantile()).isLessThan(0.05);
    }
  }

  private Matrix gaussian(int order) {
    return Gaussian.matrix(random, order, order);
  }
}
