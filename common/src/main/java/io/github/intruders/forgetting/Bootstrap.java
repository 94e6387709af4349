package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.ToDoubleBiFunction;
import org.apache.commons.math3.random.MersenneTwister;
import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/**
 * The percentile bootstrap (Efron 1979): the statistic of units drawn with replacement, always from
 * the same seed, so that the same data give the same interval. A resample that does not have the
 * statistic is left out.
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
   * @param resamples how many of the 2000 had the statistic
   */
  public record Interval(double low, double high, int resamples) implements Serializable {}

  /**
   * The interval of a statistic of pairs, which a constant side does not have.
   *
   * @return null if no resample has the statistic
   */
  static Interval interval(
      double[] x, double[] y, ToDoubleBiFunction<double[], double[]> statistic) {
    Values values = new Values();
    double[] drawnX = new double[x.length];
    double[] drawnY = new double[x.length];
    resample(
        x.length,
        drawn -> {
          for (int i = 0; i < drawn.length; i++) {
            drawnX[i] = x[drawn[i]];
            drawnY[i] = y[drawn[i]];
          }
          boolean constant = isConstant(drawnX) || isConstant(drawnY);
          values.add(constant ? Double.NaN : statistic.applyAsDouble(drawnX, drawnY));
        });
    return values.interval();
  }

  /**
   * Draws as many units as there are, with replacement, {@value #RESAMPLES} times.
   *
   * @param visitor is given the units' indexes, in an array that is used again
   */
  static void resample(int units, Consumer<int[]> visitor) {
    RandomGenerator random = new MersenneTwister(SEED);
    int[] drawn = new int[units];
    for (int resample = 0; resample < RESAMPLES; resample++) {
      for (int i = 0; i < units; i++) {
        drawn[i] = (int) Math.floor(units * random.nextDouble());
      }
      visitor.accept(drawn);
    }
  }

  /** The statistic of one resample after the other. */
  static final class Values {
    private final double[] values = new double[RESAMPLES];
    private int used;

    /**
     * @param value NaN where the resample does not have the statistic
     */
    void add(double value) {
      if (!Double.isNaN(value)) {
        values[used++] = value;
      }
    }

    /** Where they lie; null if there is none. */
    Interval interval() {
      if (used == 0) {
        return null;
      }
      Percentile percentile = new Percentile().withEstimationType(Percentile.EstimationType.R_7);
      percentile.setData(Arrays.copyOf(values, used));
      double tail = 100 * (1 - CONFIDENCE) / 2;
      return new Interval(percentile.evaluate(tail), percentile.evaluate(100 - tail), used);
    }
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
