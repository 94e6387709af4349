package io.github.intruders.scan;

import org.apache.commons.math3.distribution.BetaDistribution;

/**
 * What a random direction scores: the null that a best similarity is to be read beside. Of a unit
 * vector drawn uniformly in dimension d, each squared coordinate is distributed as Beta(1/2, (d −
 * 1)/2); the largest of p absolute coordinates stays below x with a probability of about
 *
 * <pre>P(|c| ≤ x)ᵖ</pre>
 *
 * which takes the coordinates as independent. They nearly are: simulated probabilities lie within
 * 0.12 of it for p = d = 32, 0.07 for 128 and 0.02 for 1024.
 */
final class RandomDirection {
  /** Best similarities below the value at this quantile are what chance gives. */
  static final double QUANTILE = 0.99;

  private final BetaDistribution squaredCoordinate;
  private final int vectors;

  /**
   * @param dimension of the space, at least 1
   * @param vectors how many base vectors there are in it, at most {@code dimension}; may be 0
   */
  RandomDirection(int dimension, int vectors) {
    // In one dimension every unit vector is the base vector; the limit is never reached.
    this.squaredCoordinate = new BetaDistribution(null, 0.5, Math.max(0.5, (dimension - 1) / 2.0));
    this.vectors = vectors;
  }

  /** The probability that a random direction scores less than this, in [0, 1]. */
  double quantileOf(double bestSimilarity) {
    if (vectors == 0) {
      return 0; // all score 0
    }
    double within =
        squaredCoordinate.cumulativeProbability(Math.min(1, bestSimilarity * bestSimilarity));
    return Math.pow(within, vectors);
  }

  /** The best similarity that {@value #QUANTILE} of all random directions stay below. */
  double similarityAtQuantile() {
    if (vectors == 0) {
      return 0;
    }
    return Math.sqrt(
        squaredCoordinate.inverseCumulativeProbability(Math.pow(QUANTILE, 1.0 / vectors)));
  }
}
