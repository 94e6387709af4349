package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.UpdateSource;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Input factors that training left as they were, and some that it did not. */
class FrozenInputTest {
  private static final int RANK = 4;
  private static final int INPUTS = 50;

  @Test
  void theSameFactorInTwoStepsIsFrozen() {
    try (Arena arena = Arena.open()) {
      Matrix a = gaussian(2 * RANK);
      assertThat(FrozenInput.of(chain(2), a)).isNull();

      copyLastFromFirst(a);
      assertThat(FrozenInput.of(chain(2), a)).isEqualTo(FrozenInput.REPEATED);
      a.set(2 * RANK - 1, 7, a.get(2 * RANK - 1, 7) * (1 + 1e-7));
      assertThat(FrozenInput.of(chain(2), a)).as("one entry was trained").isNull();
    }
  }

  @Test
  void rowsOfLengthOneAtRightAnglesAreAsInitialised() {
    try (Arena arena = Arena.open()) {
      Matrix a = transposed(OrthonormalBasis.of(transposed(gaussian(RANK))).q());
      for (int i = 0; i < RANK; i++) {
        for (int j = 0; j < INPUTS; j++) {
          a.set(i, j, toBfloat16(a.get(i, j)));
        }
      }
      assertThat(FrozenInput.of(chain(1), a)).isEqualTo(FrozenInput.ORTHONORMAL);

      a.set(0, 0, a.get(0, 0) + 0.1);
      assertThat(FrozenInput.of(chain(1), a)).isNull();
    }
  }

  private static Matrix transposed(Matrix matrix) {
    Matrix transposed = Matrix.allocate(matrix.cols(), matrix.rows(), Precision.DOUBLE);
    for (int i = 0; i < matrix.rows(); i++) {
      for (int j = 0; j < matrix.cols(); j++) {
        transposed.set(j, i, matrix.get(i, j));
      }
    }
    return transposed;
  }

  private static double toBfloat16(double value) {
    return Float.intBitsToFloat((Float.floatToIntBits((float) value) + 0x8000) & 0xFFFF0000);
  }

  private static void copyLastFromFirst(Matrix a) {
    for (int i = 0; i < RANK; i++) {
      for (int j = 0; j < INPUTS; j++) {
        a.set(RANK + i, j, a.get(i, j));
      }
    }
  }

  private static UpdateSource.LowRank chain(int links) {
    return new UpdateSource.LowRank(
        IntStream.range(0, links).<LowRankUpdate>mapToObj(i -> link()).toList());
  }

  private static LowRankSource link() {
    return new LowRankSource("w", source(RANK, INPUTS), source(INPUTS, RANK), 1, false);
  }

  private static MatrixSource source(int rows, int cols) {
    return new MatrixSource("w", "file:/a", DType.F32, 0, rows, cols, false);
  }

  private static Matrix gaussian(int rows) {
    SplittableRandom random = new SplittableRandom(5);
    Matrix matrix = Matrix.allocate(rows, INPUTS, Precision.DOUBLE);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < INPUTS; j++) {
        matrix.set(i, j, random.nextGaussian() / 10);
      }
    }
    return matrix;
  }
}
