package io.github.intruders.scan;

import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import io.github.intruders.linalg.SvdSolver;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.Arrays;

/**
 * The published algorithm: one dense decomposition of the whole tuned matrix, in double precision.
 * The oracle of every faster route and what they fall back to.
 */
final class DenseRoute {
  static final String NAME = "dense";

  private final SvdSolver solver = LapackSvd.DIVIDE_AND_CONQUER;

  /**
   * Decomposes W in full and keeps the {@code k} leading triplets.
   *
   * @param w (m, n) in double precision; stays as it is
   */
  TunedSpectrum solve(BaseSpectrum base, Matrix w, int k) {
    Svd svd = solver.decompose(w);
    Matrix u = svd.u().columnRange(0, k).copy();
    Matrix v = svd.vt().rowRange(0, k).transposed();
    double[] s = Arrays.copyOf(svd.s(), k);
    double[] residuals = Residuals.of(w, u, s, v);
    double next = k < svd.s().length ? svd.s()[k] : Double.NEGATIVE_INFINITY;
    double error = Rotation.error(TunedSpectrum.absolute(residuals, s), s[k - 1], next);
    return new TunedSpectrum(
        s,
        TunedSpectrum.coordinates(base, u, v),
        residuals,
        NAME,
        Precision.DOUBLE.noiseFloor(s[0], Math.max(w.rows(), w.cols())),
        TunedSpectrum.rotations(base, u, v, error));
  }
}
