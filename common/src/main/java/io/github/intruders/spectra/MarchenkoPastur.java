package io.github.intruders.spectra;

import org.apache.commons.math3.analysis.solvers.BrentSolver;

/**
 * What the singular values of pure noise look like: those of a (p, q) matrix, p ≤ q, of independent
 * entries of variance σ², squared and divided by q σ², follow the law of Marchenko and Pastur
 * (1967), which depends on β = p/q alone. Its median tells σ where the largest values are no noise.
 */
public final class MarchenkoPastur {
  private static final int MOST_EVALUATIONS = 1_000;
  private static final double ACCURACY = 1e-13;

  /** Between these lies the median's angle, from β = 1 to β = 0. */
  private static final double LOWEST_ANGLE = 0.8;

  private static final double HIGHEST_ANGLE = 1.6;

  private MarchenkoPastur() {}

  /**
   * The median of the law, in units of q σ².
   *
   * @param beta p/q, above 0, at most 1
   */
  public static double median(double beta) {
    double root = Math.sqrt(beta);
    double middle =
        new BrentSolver(ACCURACY)
            .solve(
                MOST_EVALUATIONS,
                angle -> shareBelow(root, angle) - 0.5,
                LOWEST_ANGLE,
                HIGHEST_ANGLE);
    return 1 + beta - 2 * root * Math.cos(middle);
  }

  /**
   * The law's share below t = 1 + β − 2√β cos φ. In φ its density is (2/π) sin²φ / t, of which this
   * is the integral.
   */
  private static double shareBelow(double root, double angle) {
    double inner = Math.atan(root * Math.sin(angle) / (1 - root * Math.cos(angle)));
    double beta = root * root;
    return (angle + Math.sin(angle) / root - (1 - beta) * inner / beta) / Math.PI;
  }

  /**
   * The upper edge of the noise in a matrix of which most is noise: where its largest singular
   * value would lie, told from the median of all, σ √q (1 + √β).
   *
   * @param medianValue the median singular value
   */
  public static double edge(double medianValue, int rows, int cols) {
    double beta = beta(rows, cols);
    return medianValue * (1 + Math.sqrt(beta)) / Math.sqrt(median(beta));
  }

  /**
   * The singular value below which a hard threshold loses less than it gains, for a matrix of low
   * rank in noise of unknown strength: ω(β) times the median (Gavish and Donoho 2014, IEEE
   * Transactions on Information Theory 60, equations 11 and 13). 2.858 times it where p = q.
   *
   * @param medianValue the median singular value
   */
  public static double hardThreshold(double medianValue, int rows, int cols) {
    double beta = beta(rows, cols);
    double known = 2 * (beta + 1) + 8 * beta / (beta + 1 + Math.sqrt(beta * beta + 14 * beta + 1));
    return medianValue * Math.sqrt(known / median(beta));
  }

  /**
   * The median of singular values.
   *
   * @param s one or more, in order
   */
  public static double medianOf(double[] s) {
    int half = s.length / 2;
    return s.length % 2 == 1 ? s[half] : (s[half - 1] + s[half]) / 2;
  }

  private static double beta(int rows, int cols) {
    return Math.min(rows, cols) / (double) Math.max(rows, cols);
  }
}
