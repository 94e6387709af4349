package io.github.intruders.scan;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.krylov.KrylovVerdicts;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
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

  /** How many checkpoints' Lanczos runs go side by side at most: bounds their memory. */
  static final int BOUNDS_STACK = 16;

  /** Bytes for each element of W0: itself in single precision, and what reading takes. */
  private static final int LOW_RANK_BYTES = 8;

  /** The same where the tuned matrix and the update are held in double precision. */
  private static final int WHOLE_BYTES = 40;

  /** How many leading vectors of a matrix are tested. */
  public int k(int minDimension) {
    return settings.topK().of(minDimension);
  }

  /** Whether updates of this rank are solved in the base's coordinates. */
  public boolean takesLowRank(int minDimension, int rank) {
    return settings.solver() != SolverChoice.EXACT
        && LowRankRoute.suits(minDimension, rank, k(minDimension));
  }

  /** Whether bounds can be had for vectors tuned from this base matrix. */
  public boolean takesKrylov(BaseMatrix base) {
    MatrixSource source = base.source();
    return (settings.solver() == SolverChoice.KRYLOV || settings.solver() == SolverChoice.AUTO)
        && isExactInSingle(source)
        && KrylovVerdicts.suits(source.rows(), source.cols(), k(base.minDimension()));
  }

  /**
   * Peak native memory of bounds for a base matrix: W0 and a tuned matrix, and the vectors of the
   * search.
   *
   * @param checkpoints how many there are; some of them go at once
   * @param whole whether whole tuned matrices are read
   */
  public long boundsBytes(BaseMatrix base, long checkpoints, boolean whole) {
    int rows = base.source().rows();
    int cols = base.source().cols();
    int stack = (int) Math.min(checkpoints, BOUNDS_STACK);
    return (long) rows * cols * (whole ? WHOLE_BYTES : LOW_RANK_BYTES) + vectorBytes(base, stack);
  }

  /**
   * How many checkpoints' vectors there is room for in one process that holds no matrix.
   *
   * @param checkpoints how many there are
   * @return 0 if there is no room for one
   */
  public int boundsStack(BaseMatrix base, long checkpoints, MemoryLimit memory) {
    int stack = (int) Math.min(checkpoints, BOUNDS_STACK);
    while (stack > 0 && !memory.allows(driverBytes(base, stack))) {
      stack--;
    }
    return stack;
  }

  /**
   * Peak native memory of bounds in a process that holds no matrix, only vectors: those of the
   * searches, and those that the effective rank of a whole update takes.
   *
   * @param stack how many checkpoints go at once
   */
  public long driverBytes(BaseMatrix base, int stack) {
    long both = (long) base.source().rows() + base.source().cols();
    return vectorBytes(base, stack) + Float.BYTES * both * RankQuadrature.mostVectors();
  }

  private long vectorBytes(BaseMatrix base, int stack) {
    return KrylovVerdicts.searchBytes(
        base.source().rows(),
        base.source().cols(),
        k(base.minDimension()),
        settings.sides().size(),
        stack);
  }

  /** Whether single precision holds every element as it is stored. */
  static boolean isExactInSingle(MatrixSource source) {
    return source.scale() == null
        && (source.dtype() == DType.BF16
            || source.dtype() == DType.F16
            || source.dtype() == DType.F32);
  }

  /** Whether single precision holds every element of a whole tuned matrix. */
  static boolean isExactInSingle(MatrixPlan plan) {
    return plan.update() instanceof UpdateSource.Full full
        && full.adapters().isEmpty()
        && isExactInSingle(full.tuned());
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
