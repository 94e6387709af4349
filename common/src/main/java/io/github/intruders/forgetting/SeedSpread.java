package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.Arrays;
import org.apache.commons.math3.stat.StatUtils;

/**
 * A figure over the seeds of one configuration.
 *
 * @param n how many seeds
 * @param mean of them
 * @param sd standard deviation with n − 1 degrees of freedom; null for one seed
 * @param low the smallest
 * @param high the largest
 */
public record SeedSpread(int n, double mean, Double sd, double low, double high)
    implements Serializable {
  /** Of at least one value, in any order. */
  public static SeedSpread of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted); // so that the sum does not depend on the order
    return new SeedSpread(
        sorted.length,
        StatUtils.mean(sorted),
        sorted.length < 2 ? null : (Double) Math.sqrt(StatUtils.variance(sorted)),
        sorted[0],
        sorted[sorted.length - 1]);
  }
}
