package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Svd;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.UpdateStatistics;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** All vectors of a matrix are tested; what is kept of their similarities stays bounded. */
class LargeKTest {
  private static final int ROWS = 110;
  private static final int COLS = 90;

  private final SplittableRandom random = new SplittableRandom(17);

  @Test
  void theLeadingSquareOfSimilaritiesIsKeptAndEveryVectorIsComparedWithAll() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = gaussian();
      Matrix w = w0.copy().plusInPlace(0.5, gaussian());
      BaseSpectrum base = BaseSpectrum.of("", LapackSvd.QR_ITERATION.decompose(w0));
      ScanSettings all =
          new ScanSettings(
              TopK.parse("all"), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), SolverChoice.AUTO);

      MatrixScan scan =
          MatrixScan.of(base, new TunedSolver(all).solveDense(base, w), UpdateStatistics.NONE, all);

      Svd tuned = LapackSvd.QR_ITERATION.decompose(w);
      Svd original = LapackSvd.QR_ITERATION.decompose(w0);
      Matrix left = original.u().t().times(tuned.u());
      Matrix right = original.vt().times(tuned.vt().t());
      assertThat(scan.vectors()).hasSize(2 * COLS);
      assertLeading(scan.similarity().get(Side.LEFT), left);
      assertLeading(scan.similarity().get(Side.RIGHT), right);
      for (VectorScan vector : scan.vectors()) {
        Matrix cosines = vector.side() == Side.LEFT ? left : right;
        assertThat(vector.bestSimilarity())
            .isCloseTo(
                cosines
                    .columnRange(vector.singularIndex(), vector.singularIndex() + 1)
                    .maxAbsolute(),
                within(1e-5));
      }
      assertThat(scan.vectors())
          .as("some are best matched by what is not kept")
          .anyMatch(vector -> vector.bestBaseIndex() >= 64);
    }
  }

  private static void assertLeading(List<double[]> square, Matrix cosines) {
    assertThat(square).hasSize(64);
    for (int j = 0; j < 64; j++) {
      assertThat(square.get(j)).hasSize(64);
      for (int i = 0; i < 64; i++) {
        assertThat(square.get(j)[i]).isCloseTo(Math.abs(cosines.get(i, j)), within(1e-5));
      }
    }
  }

  private Matrix gaussian() {
    return Gaussian.matrix(random, ROWS, COLS);
  }
}
