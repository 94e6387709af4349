package io.github.intruders.compare;

import org.apache.commons.math3.special.Gamma;

/**
 * What an element of M S Nᵀ is on average where M and N are products of random subspaces: the null
 * that interference is read beside.
 *
 * <p>A row x of M and a row y of N are then the leading coordinates of independent unit vectors,
 * uniform in dimensions m and n. With g and h Gaussian of those dimensions,
 *
 * <pre>E|Σ s x y| = E|Σ s g h| / (E‖g‖ E‖h‖),   E|Σ s g h| = √(2/π) E√(Σ s² h²),</pre>
 *
 * and the mean of the root of Q = Σ s² h² follows from its Laplace transform Π (1 + 2 s² t)^(−1/2):
 *
 * <pre>E√Q = 1/(2√π) ∫ (1 − E exp(−tQ)) t^(−3/2) dt.</pre>
 *
 * With t = eˣ the trapezoidal rule converges to rounding: the integrand is analytic within ±πi of
 * the real line and falls like exp(−|x|/2).
 */
final class RandomInterference {
  private static final double STEP = 0.5;
  private static final int STEPS = 150;

  private RandomInterference() {}

  /**
   * The mean absolute value of an element.
   *
   * @param s singular values, in the unit of the weights; at most min(rows, cols)
   */
  static double meanElement(double[] s, int rows, int cols) {
    double squares = 0;
    for (double value : s) {
      squares += value * value;
    }
    if (squares == 0) {
      return 0;
    }
    double[] shares = new double[s.length];
    for (int i = 0; i < s.length; i++) {
      shares[i] = s[i] * s[i] / squares;
    }
    return Math.sqrt(2 / Math.PI)
        * Math.sqrt(squares)
        * meanRoot(shares)
        / (meanLength(rows) * meanLength(cols));
  }

  /** E√(Σ λ h²) for weights λ that add up to 1. */
  private static double meanRoot(double[] weights) {
    double sum = 0;
    for (int i = -STEPS; i <= STEPS; i++) {
      double x = i * STEP;
      double t = Math.exp(x);
      double logarithm = 0;
      for (double weight : weights) {
        logarithm -= Math.log1p(2 * weight * t) / 2;
      }
      sum += -Math.expm1(logarithm) * Math.exp(-x / 2);
    }
    return sum * STEP / (2 * Math.sqrt(Math.PI));
  }

  /** E‖g‖ of a Gaussian vector. */
  private static double meanLength(int dimension) {
    return Math.sqrt(2)
        * Math.exp(Gamma.logGamma((dimension + 1) / 2.0) - Gamma.logGamma(dimension / 2.0));
  }
}
