package io.github.intruders.scan;

import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.spectra.RankQuadrature;
import io.github.intruders.spectra.SpectrumPart;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.Serializable;
import java.util.Objects;

/**
 * Which route a tuned matrix takes, by its shape and the settings alone. Below, p is the smaller
 * side of the matrix.
 *
 * @param settings what is looked for
 */
public record Routes(ScanSettings settings) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** How many columns of updates are projected by one product at most: bounds a stack's memory. */
  public static final int STACK_COLUMNS = 1024;

  public Routes {
    Objects.requireNonNull(settings, "settings");
  }

  /** How many leading vectors of a matrix are tested. */
  public int k(int minDimension) {
    return settings.topK().of(minDimension);
  }

  /** Whether updates of this rank are solved in the base's coordinates. */
  public boolean takesLowRank(int minDimension, int rank) {
    return settings.solver() != SolverChoice.EXACT
        && LowRankRoute.suits(minDimension, rank, k(minDimension));
  }

  /** Whether a whole tuned matrix goes through the block method, else it is decomposed. */
  public boolean takesBlocks(int cols, int minDimension) {
    return settings.solver() != SolverChoice.EXACT
        && BlockRoute.suits(cols, minDimension, k(minDimension));
  }

  /** Whether the effective rank of a full fine-tune's update is estimated, else it is exact. */
  public boolean estimatesRank(int rows, int cols) {
    return settings.rank() == RankChoice.AUTO
        && settings.solver() != SolverChoice.EXACT
        && RankQuadrature.pays(rows, cols);
  }

  /**
   * The figures of a full fine-tune's update.
   *
   * @param update W − W0, (m, n); stays as it is
   * @param matrix name of the base matrix
   */
  public UpdateStatistics statistics(Matrix update, String matrix) {
    return estimatesRank(update.rows(), update.cols())
        ? UpdateStatistics.estimated(update, matrix)
        : UpdateStatistics.ofDense(update);
  }

  /**
   * Peak native memory of the dense route, with the base's decomposition, which it widens to
   * double.
   */
  public static long denseBytes(int rows, int cols) {
    return LapackSvd.nativeBytes(rows, cols) + 3 * SpectrumPart.BOTH.storedBytes(rows, cols);
  }
}
