package io.github.intruders.check;

import java.util.ArrayList;
import java.util.List;

/**
 * What a rule says that a figure may be.
 *
 * @param min at least this, or null
 * @param max at most this, or null
 * @param maxIncrease the reference and at most this more, or null
 * @param maxDecrease the reference and at most this less, or null
 * @param maxRatio at most this many times the reference, or null
 * @param minRatio at least this many times the reference, or null
 */
public record Bounds(
    Double min,
    Double max,
    Double maxIncrease,
    Double maxDecrease,
    Double maxRatio,
    Double minRatio) {

  /** Limits that need no reference. */
  static Bounds absolute(Double min, Double max) {
    return new Bounds(min, max, null, null, null, null);
  }

  boolean isRelative() {
    return maxIncrease != null || maxDecrease != null || hasRatio();
  }

  boolean hasRatio() {
    return maxRatio != null || minRatio != null;
  }

  boolean isAbsolute() {
    return min != null || max != null;
  }

  /** Whether there is an upper limit. */
  boolean isUpper() {
    return max != null || maxIncrease != null || maxRatio != null;
  }

  /** The limits without a reference. */
  Limits limits() {
    return new Limits(min, max);
  }

  /**
   * The limits beside a reference.
   *
   * @param reference at least 0 where there is a ratio, since a multiple of less would turn round
   */
  Limits limits(double reference) {
    if (hasRatio() && reference < 0) {
      throw new IllegalArgumentException("A ratio to " + reference);
    }
    Double high = smaller(sum(reference, maxIncrease), product(reference, maxRatio));
    Double low =
        larger(
            sum(reference, maxDecrease == null ? null : (Double) (-maxDecrease)),
            product(reference, minRatio));
    return new Limits(low, high);
  }

  private static Double sum(double reference, Double more) {
    return more == null ? null : (Double) (reference + more);
  }

  private static Double product(double reference, Double ratio) {
    return ratio == null ? null : (Double) (reference * ratio);
  }

  private static Double smaller(Double a, Double b) {
    return a == null ? b : b == null ? a : (Double) Math.min(a, b);
  }

  private static Double larger(Double a, Double b) {
    return a == null ? b : b == null ? a : (Double) Math.max(a, b);
  }

  /** In words. */
  String text() {
    List<String> parts = new ArrayList<>();
    add(parts, "at least ", min, "");
    add(parts, "at most ", max, "");
    add(parts, "at most ", maxIncrease, " more");
    add(parts, "at most ", maxDecrease, " less");
    add(parts, "at most ", maxRatio, " times");
    add(parts, "at least ", minRatio, " times");
    return String.join(", ", parts);
  }

  private static void add(List<String> parts, String before, Double value, String after) {
    if (value != null) {
      parts.add(before + Figures.text(value) + after);
    }
  }
}
