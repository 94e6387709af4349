package io.github.intruders.scan;

import io.github.intruders.spectra.MarchenkoPastur;
import io.github.intruders.spectra.SingularValues;
import java.io.Serializable;

/**
 * How strong an update has to be to bring a new direction, predicted from the base's spectrum
 * alone. For a rank-one update θ u vᵀ in random directions, a singular value of W0 + θ u vᵀ appears
 * at z where D(z) = 1/θ², with D the rectangular D-transform of the spectrum (Benaych-Georges and
 * Nadakuditi 2012, theorem 2.8):
 *
 * <pre>D(z) = φ(z) · (c φ(z) + (1 − c)/z),   φ(z) = (1/p) Σᵢ z / (z² − sᵢ²),   c = p / max(m, n)
 * </pre>
 *
 * Base values from z on count as if they were zero. What the prediction is for decides where z is.
 *
 * @param atK θ̄ for a place among the k leading vectors, which are what is tested: z at the k-th
 *     singular value; 0 where the base has fewer than k directions, so that any update leads
 * @param atEdge θ̄ for a direction that stands out from the bulk, as the theory has it: z at the
 *     upper edge of the bulk; null where that is not known
 * @param atTop θ̄ for the first place: z at σ₁; null where it is not known
 * @param bulkEdge the upper edge of the bulk, where the largest value of noise with the base's
 *     median singular value lies ({@link MarchenkoPastur#edge}); null where more than half of the
 *     base's singular values are zero up to rounding
 */
public record CriticalStrength(double atK, Double atEdge, Double atTop, Double bulkEdge)
    implements Serializable {
  /** Keeps z off the nearest value below it, which would otherwise stand for the whole sum. */
  private static final double CLEARANCE = 1e-3;

  /**
   * What the spectrum says.
   *
   * @param k how many leading vectors are tested
   */
  static CriticalStrength of(SingularValues base, int k) {
    Double edge = bulkEdge(base);
    return new CriticalStrength(
        atValue(base, k),
        edge == null ? null : (Double) atEdge(base, edge),
        atValue(base, 1),
        edge);
  }

  /** θ̄ at the upper edge of the bulk; null where there is no bulk to speak of. */
  public static Double atEdge(SingularValues base) {
    Double edge = bulkEdge(base);
    return edge == null ? null : (Double) atEdge(base, edge);
  }

  private static Double bulkEdge(SingularValues base) {
    double median = MarchenkoPastur.medianOf(base.s());
    return median > base.resolution()
        ? (Double) MarchenkoPastur.edge(median, base.rows(), base.cols())
        : null;
  }

  /**
   * The largest singular value of noise fluctuates by p^(−2/3), relative to the edge. A new one
   * shows from there on, and no single value near the edge stands for the whole sum.
   */
  private static double atEdge(SingularValues base, double edge) {
    double[] s = base.s();
    int above = 0;
    while (above < s.length && s[above] > edge) {
      above++;
    }
    return at(base, edge * (1 + Math.pow(s.length, -2.0 / 3)), above);
  }

  private static double atValue(SingularValues base, int k) {
    double[] s = base.s();
    int leading = Math.min(k, s.length);
    return base.rank() < leading ? 0 : at(base, s[leading - 1] * (1 + CLEARANCE), leading);
  }

  /**
   * D(z)^(−1/2).
   *
   * @param leading how many values count as zero
   */
  private static double at(SingularValues base, double z, int leading) {
    double[] s = base.s();
    double sum = leading;
    for (int i = leading; i < s.length; i++) {
      double ratio = s[i] / z;
      sum += 1 / (1 - ratio * ratio);
    }
    double phi = sum / s.length / z;
    double c = s.length / (double) Math.max(base.rows(), base.cols());
    return 1 / Math.sqrt(phi * (c * phi + (1 - c) / z));
  }
}
