package io.github.intruders.forgetting;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Holm's step-down correction (1979): keeps the chance of any false finding among several tests.
 */
final class Holm {
  private Holm() {}

  /** The adjusted p-values, in the order of those given. */
  static double[] adjust(double[] pValues) {
    double[] adjusted = new double[pValues.length];
    int[] order =
        IntStream.range(0, pValues.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> pValues[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double largest = 0;
    for (int i = 0; i < order.length; i++) {
      largest = Math.max(largest, Math.min(1, (order.length - i) * pValues[order[i]]));
      adjusted[order[i]] = largest;
    }
    return adjusted;
  }

  /** The adjusted p-values where some tests have none: those are null, and count as no test. */
  static Double[] adjustKnown(Double[] pValues) {
    double[] known =
        Arrays.stream(pValues).filter(p -> p != null).mapToDouble(Double::doubleValue).toArray();
    double[] adjusted = adjust(known);
    Double[] all = new Double[pValues.length];
    int next = 0;
    for (int i = 0; i < all.length; i++) {
      all[i] = pValues[i] == null ? null : (Double) adjusted[next++];
    }
    return all;
  }
}
