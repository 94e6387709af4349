package io.github.intruders.scan;

import io.github.intruders.spectra.SingularValues;

/**
 * How strong an update has to be to bring a new direction among the leading ones, predicted from
 * the base's spectrum alone. For a rank-one update θ u vᵀ in random directions, a singular value of
 * W0 + θ u vᵀ appears at z where D(z) = 1/θ², with D the rectangular D-transform of the spectrum
 * (Benaych-Georges and Nadakuditi 2012, theorem 2.8):
 *
 * <pre>D(z) = φ(z) · (c φ(z) + (1 − c)/z),   φ(z) = (1/p) Σᵢ z / (z² − sᵢ²),   c = p / max(m, n)
 * </pre>
 *
 * The theory puts z at the edge of the noise. What counts as an intruder has to be among the k
 * leading vectors, so z is taken at the k-th singular value of the base instead, and the sum over
 * what lies below it.
 */
final class CriticalStrength {
  /** Keeps z off the nearest value below it, which would otherwise stand for the whole sum. */
  private static final double CLEARANCE = 1e-3;

  private CriticalStrength() {}

  /**
   * θ̄ = D(z)^(−1/2); 0 where the base has fewer than k directions, so that any update leads.
   *
   * @param k how many leading vectors are tested
   */
  static double of(SingularValues base, int k) {
    double[] s = base.s();
    if (base.rank() < Math.min(k, s.length)) {
      return 0;
    }
    double z = s[Math.min(k, s.length) - 1] * (1 + CLEARANCE);
    double sum = 0;
    for (int i = Math.min(k, s.length); i < s.length; i++) {
      double ratio = s[i] / z;
      sum += 1 / (1 - ratio * ratio);
    }
    int p = s.length;
    double phi = (sum + Math.min(k, p)) / p / z; // leading values count as if they were zero
    double c = p / (double) Math.max(base.rows(), base.cols());
    return 1 / Math.sqrt(phi * (c * phi + (1 - c) / z));
  }
}
