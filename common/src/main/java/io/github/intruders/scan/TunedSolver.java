package io.github.intruders.scan;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Finds the leading triplets of tuned matrices by the fastest route whose certificate holds. The
 * dense route stands behind every other one. Thread-safe.
 */
public final class TunedSolver {
  private final ScanSettings settings;
  private final Routes routes;
  private final DenseRoute denseRoute = new DenseRoute();
  private final BlockRoute blockRoute = new BlockRoute();
  private final LowRankRoute lowRankRoute = new LowRankRoute();

  public TunedSolver(ScanSettings settings) {
    this.settings = settings;
    this.routes = new Routes(settings);
  }

  /** A whole tuned matrix that is read only where a route needs it. */
  @FunctionalInterface
  public interface WholeMatrix {
    /** W, (m, n), in the given precision; not to be modified. */
    Matrix read(Precision precision) throws IOException;
  }

  /**
   * What is needed of the base's decomposition: the sides that are compared, and both for updates
   * in the base's coordinates and for vectors that are kept.
   */
  SpectrumPart wanted(List<MatrixPlan> plans, int minDimension) {
    boolean leadingOnes = BlockRoute.warm(routes.k(minDimension)) <= SpectrumPart.LEADING;
    boolean oneSide =
        plans.stream()
            .noneMatch(plan -> plan.inSequence() || plan.update() instanceof UpdateSource.LowRank);
    return leadingOnes && oneSide ? settings.part() : SpectrumPart.BOTH;
  }

  /** Whether updates of this rank are solved in the base's coordinates. */
  boolean takesLowRank(BaseSpectrum base, int rank) {
    return routes.takesLowRank(base.minDimension(), rank);
  }

  /** The precision that a whole matrix of this type is best read in. */
  Precision precision(BaseSpectrum base, DType dtype) {
    return takesBlocks(base) && dtype != DType.F64 ? Precision.SINGLE : Precision.DOUBLE;
  }

  private boolean takesBlocks(BaseSpectrum base) {
    return routes.takesBlocks(base.cols(), base.minDimension()) && BlockRoute.suits(base, k(base));
  }

  /** The leading triplets of a base with a low-rank update in the base's coordinates. */
  public TunedSpectrum solve(BaseSpectrum base, CoordinateUpdate update, WholeMatrix whole)
      throws IOException {
    Optional<TunedSpectrum> tuned = lowRankRoute.solve(base, update, k(base));
    return tuned.isPresent() ? tuned.get() : solve(base, whole);
  }

  /** The leading triplets of a whole matrix. */
  public TunedSpectrum solve(BaseSpectrum base, WholeMatrix whole) throws IOException {
    if (takesBlocks(base)) {
      try (Arena arena = Arena.open()) {
        Optional<TunedSpectrum> tuned =
            blockRoute.solve(base, whole.read(Precision.SINGLE), k(base));
        if (tuned.isPresent()) {
          return tuned.get().keptBy(arena);
        }
      }
    }
    return solveDense(base, whole.read(Precision.DOUBLE));
  }

  /**
   * The leading triplets of a whole matrix by the dense route.
   *
   * @param w (m, n) in double precision; stays as it is
   */
  TunedSpectrum solveDense(BaseSpectrum base, Matrix w) {
    return denseRoute.solve(base, w, k(base));
  }

  private int k(BaseSpectrum base) {
    return routes.k(base.minDimension());
  }
}
