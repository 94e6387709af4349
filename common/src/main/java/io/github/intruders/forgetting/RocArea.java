package io.github.intruders.forgetting;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How well a number tells one kind from the other: the area under the ROC curve, which is the
 * probability that of two observations, one of each kind, the positive one has the smaller number,
 * equal ones by half (Mann and Whitney 1947); 0.5 for chance.
 *
 * @param area from 0 to 1
 * @param interval of the area over resamples of whole clusters; null with fewer than {@value
 *     Ladder#MIN_CLUSTERS} of them
 */
public record RocArea(double area, Bootstrap.Interval interval) {

  /**
   * The area.
   *
   * @param numbers one per observation
   * @param positive whether it is of the kind that is expected to have small numbers
   * @param clusters from 0 on; observations of one cluster are not independent
   * @return null where there are observations of one kind only
   */
  public static RocArea of(double[] numbers, boolean[] positive, int[] clusters) {
    int[] order =
        IntStream.range(0, numbers.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> numbers[i]))
            .mapToInt(i -> i)
            .toArray();
    int count = Arrays.stream(clusters).max().orElse(-1) + 1;
    int[] once = new int[count];
    Arrays.fill(once, 1);
    double area = area(numbers, positive, clusters, order, once);
    if (Double.isNaN(area)) {
      return null;
    }
    Bootstrap.Values values = new Bootstrap.Values();
    if (count >= Ladder.MIN_CLUSTERS) {
      int[] times = new int[count];
      Bootstrap.resample(
          count,
          drawn -> {
            Arrays.fill(times, 0);
            for (int cluster : drawn) {
              times[cluster]++;
            }
            values.add(area(numbers, positive, clusters, order, times));
          });
    }
    return new RocArea(area, values.interval());
  }

  /**
   * The area with each cluster so many times.
   *
   * @param order of the observations, by their numbers
   * @return NaN where that leaves one kind only
   */
  private static double area(
      double[] numbers, boolean[] positive, int[] clusters, int[] order, int[] times) {
    double smaller = 0; // positives with a smaller number than the ones that are looked at
    double negatives = 0;
    double pairs = 0;
    for (int from = 0, to; from < order.length; from = to) {
      double equalPositives = 0;
      double equalNegatives = 0;
      for (to = from;
          to < order.length && Double.compare(numbers[order[to]], numbers[order[from]]) == 0;
          to++) {
        int weight = times[clusters[order[to]]];
        equalPositives += positive[order[to]] ? weight : 0;
        equalNegatives += positive[order[to]] ? 0 : weight;
      }
      pairs += equalNegatives * (smaller + equalPositives / 2);
      smaller += equalPositives;
      negatives += equalNegatives;
    }
    return pairs / (smaller * negatives); // 0 / 0 where a kind is missing
  }
}
