package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;
import org.apache.commons.math3.random.MersenneTwister;
import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/**
 * The percentile bootstrap (Efron 1979): the statistic of pairs drawn with replacement, always from
 * the same seed, so that the same data give the same interval. A resample with a constant side has
 * no rank correlation and is left out.
 */
public final class Bootstrap {
  public static final int RESAMPLES = 2000;
  static final double CONFIDENCE = 0.95;
  private static final int SEED = 20241028;

  private Bootstrap() {}

  /**
   * Where the middle 95 % of the resamples lie.
   *
   * @param low 2.5 % quantile, by linear interpolation
   * @param high 97.5 % quantile
   * @param resamples how many of the 2000 had a correlation
   */
  public record Interval(double low, double high, int resamples) implements Serializable {}

  /**
   * The interval of a statistic.
   *
   * @return null if no resample has the statistic
   */
  static Interval interval(
      double[] x, double[] y, ToDoubleBiFunction<double[], double[]> statistic) {
    RandomGenerator random = new MersenneTwister(SEED);
    double[] values = new double[RESAMPLES];
    double[] drawnX = new double[x.length];
    double[] drawnY = new double[x.length];
    int used = 0;
    for (int resample = 0; resample < RESAMPLES; resample++) {
      for (int i = 0; i < x.length; i++) {
        int index = (int) Math.floor(x.length * random.nextDouble());
        drawnX[i] = x[index];
        drawnY[i] = y[index];
      }
      if (!isConstant(drawnX) && !isConstant(drawnY)) {
        values[used++] = statistic.applyAsDouble(drawnX, drawnY);
      }
    }
    if (used == 0) {
      return null;
    }
    Percentile percentile = new Percentile().withEstimationType(Percentile.EstimationType.R_7);
    percentile.setData(Arrays.copyOf(values, used));
    double tail = 100 * (1 - CONFIDENCE) / 2;
    return new Interval(percentile.evaluate(tail), percentile.evaluate(100 - tail), used);
  }

  static boolean isConstant(double[] values) {
    for (double value : values) {
      if (value != values[0]) {
        return false;
      }
    }
    return true;
  }
}
