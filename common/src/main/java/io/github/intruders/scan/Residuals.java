package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;

/** How well triplets satisfy W v = σ u and Wᵀ u = σ v. */
final class Residuals {
  private Residuals() {}

  /**
   * The larger of ‖W v − σ u‖ and ‖Wᵀ u − σ v‖ for each triplet, relative to σ.
   *
   * @param w (m, n) in double precision
   * @param u (m, k)
   * @param s k values, descending
   * @param v (n, k)
   */
  static double[] of(Matrix w, Matrix u, double[] s, Matrix v) {
    return of(w.times(v), w.t().times(u), u, s, v, Math.max(w.rows(), w.cols()));
  }

  /**
   * The same from the two products.
   *
   * @param wv W · v, (m, k); overwritten
   * @param wtu Wᵀ · u, (n, k); overwritten
   * @param maxDimension max(m, n) of W
   */
  static double[] of(Matrix wv, Matrix wtu, Matrix u, double[] s, Matrix v, int maxDimension) {
    double[] left = wv.plusInPlace(-1, u.copy().scaleColumnsInPlace(s)).columnNorms();
    double[] right = wtu.plusInPlace(-1, v.copy().scaleColumnsInPlace(s)).columnNorms();
    double floor = Precision.DOUBLE.noiseFloor(s[0], maxDimension);
    double[] residuals = new double[s.length];
    for (int j = 0; j < s.length; j++) {
      double larger = Math.max(left[j], right[j]);
      residuals[j] = larger == 0 ? 0 : larger / Math.max(s[j], Math.max(floor, Double.MIN_NORMAL));
    }
    return residuals;
  }
}
