package io.github.intruders.jobs.report;

import java.util.ArrayList;
import java.util.List;

/** Draws some of many, spread evenly over their order. */
final class Thinning {
  private Thinning() {}

  /**
   * At most so many and one more, the first and the last among them.
   *
   * @param ordered all, in the order to spread over
   */
  static <T> List<T> evenly(List<T> ordered, int most) {
    long size = ordered.size();
    List<T> kept = new ArrayList<>();
    for (int place = 0; place < size; place++) {
      if (place == 0 || (place + 1L) * most / size > (long) place * most / size) {
        kept.add(ordered.get(place));
      }
    }
    return kept;
  }
}
