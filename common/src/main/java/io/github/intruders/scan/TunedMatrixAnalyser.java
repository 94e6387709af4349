package io.github.intruders.scan;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * Finds the intruders of one tuned matrix and their whole vectors: what it takes to edit the matrix
 * and to look at the result. The routes are those of {@link MatrixScanner}. Thread-safe.
 */
public final class TunedMatrixAnalyser {
  private final ScanSettings settings;
  private final TunedSolver solver;

  public TunedMatrixAnalyser(ScanSettings settings) {
    this.settings = Objects.requireNonNull(settings, "settings");
    this.solver = new TunedSolver(settings);
  }

  /** The base matrix, read only where a route needs it. */
  @FunctionalInterface
  public interface WholeBase {
    /** W0, (m, n), in double precision; a new matrix each time. */
    Matrix read() throws IOException;
  }

  /**
   * The k leading triplets of a tuned matrix.
   *
   * @param vectors every tested vector, by side, then by singular index
   * @param s k singular values, descending
   * @param u (m, k) in double precision, the left vectors as columns; a column is zero where the
   *     singular value is zero up to rounding
   * @param v (n, k) in double precision, the right vectors as columns
   * @param solver name of the route that found them
   */
  public record Analysis(List<VectorScan> vectors, double[] s, Matrix u, Matrix v, String solver) {
    public Analysis {
      vectors = List.copyOf(vectors);
    }

    /** How many vectors are intruders at the first threshold, over all sides. */
    public int intruderCount() {
      return (int) vectors.stream().filter(VectorScan::isIntruder).count();
    }

    /** Whether the triplet at this index has an intruder among its vectors. */
    public boolean isIntruder(int singularIndex) {
      return vectors.stream()
          .anyMatch(vector -> vector.singularIndex() == singularIndex && vector.isIntruder());
    }
  }

  /**
   * Analyses W0 + b · a.
   *
   * @param b (m, R) in double precision, any scale folded in
   * @param a (R, n) in double precision
   */
  public Analysis ofLowRank(BaseSpectrum base, Matrix b, Matrix a, WholeBase w0)
      throws IOException {
    if (!solver.takesLowRank(base, b.cols())) {
      return ofWhole(base, plusUpdate(w0, b, a), DType.F64);
    }
    CoordinateUpdate.Factors factors = new CoordinateUpdate.Factors(b, a);
    CoordinateUpdate update = CoordinateUpdate.project(base, List.of(factors)).get(0);
    TunedSpectrum tuned =
        solver.solve(base, update, precision -> plusUpdate(w0, b, a).to(precision));
    return analysis(base, tuned, TunedVectors.of(base, tuned, factors));
  }

  /**
   * Analyses a whole matrix, by the dense route: what is cut out of a model is to be exact, and
   * close singular values leave single vectors of the faster routes uncertain.
   *
   * @param w (m, n) in double precision; stays as it is
   * @param stored the type that its elements were rounded to
   */
  public Analysis ofWhole(BaseSpectrum base, Matrix w, DType stored) {
    TunedSpectrum tuned = solver.solveDense(base, w).roundedTo(stored, base);
    return analysis(base, tuned, TunedVectors.of(base, tuned, w.to(Precision.SINGLE)));
  }

  private static Matrix plusUpdate(WholeBase w0, Matrix b, Matrix a) throws IOException {
    Matrix w = w0.read();
    return b.cols() == 0 ? w : w.plusProductInPlace(1, b, a);
  }

  private Analysis analysis(BaseSpectrum base, TunedSpectrum tuned, TunedVectors vectors) {
    return new Analysis(
        IntruderRule.apply(base, tuned, settings),
        tuned.s(),
        vectors.u().to(Precision.DOUBLE),
        vectors.v().to(Precision.DOUBLE),
        tuned.solver());
  }
}
