package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.spectra.BaseSpectrum;
import java.io.IOException;
import java.util.Optional;

/**
 * Finds the leading triplets of tuned matrices by the fastest route whose certificate holds. The
 * dense route stands behind every other one. Thread-safe.
 */
final class TunedSolver {
  private final ScanSettings settings;
  private final DenseRoute denseRoute = new DenseRoute();
  private final LowRankRoute lowRankRoute = new LowRankRoute();

  TunedSolver(ScanSettings settings) {
    this.settings = settings;
  }

  /** A whole tuned matrix that is read only where a route needs it. */
  @FunctionalInterface
  interface WholeMatrix {
    /** W, (m, n), in double precision. */
    Matrix read() throws IOException;
  }

  /** Whether updates of this rank are solved in the base's coordinates. */
  boolean takesLowRank(BaseSpectrum base, int rank) {
    return settings.solver() == SolverChoice.AUTO && LowRankRoute.suits(base, rank, k(base));
  }

  /** The leading triplets of a base with a low-rank update in the base's coordinates. */
  TunedSpectrum solve(BaseSpectrum base, CoordinateUpdate update, WholeMatrix whole)
      throws IOException {
    Optional<TunedSpectrum> tuned = lowRankRoute.solve(base, update, k(base));
    return tuned.isPresent() ? tuned.get() : solve(base, whole.read());
  }

  /**
   * The leading triplets of a whole matrix.
   *
   * @param w (m, n) in double precision; stays as it is
   */
  TunedSpectrum solve(BaseSpectrum base, Matrix w) {
    return denseRoute.solve(base, w, k(base));
  }

  private int k(BaseSpectrum base) {
    return settings.topK().of(base.minDimension());
  }
}
