package io.github.intruders.check;

import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;
import org.apache.commons.math3.stat.ranking.NaNStrategy;

/** Quantiles by linear interpolation, as NumPy takes them by default. */
final class Quantiles {
  private final Percentile percentile =
      new Percentile().withEstimationType(EstimationType.R_7).withNaNStrategy(NaNStrategy.FIXED);

  /**
   * @param values in any order, at least one
   */
  Quantiles(double[] values) {
    percentile.setData(values);
  }

  /**
   * One of them; NaN where it lies between infinite values.
   *
   * @param share above 0, at most 1
   */
  double at(double share) {
    return percentile.evaluate(100 * share);
  }
}
