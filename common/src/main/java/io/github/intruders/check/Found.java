package io.github.intruders.check;

import java.io.Serializable;

/**
 * What is known of a figure: it lies between two bounds, which are equal where it is known.
 *
 * @param low at least this; -∞ if nothing is known
 * @param high at most this; ∞ if nothing is known
 * @param item the row that it is of, where it is of one among several; else empty
 * @param reason why it is not known, or null where it is
 */
public record Found(double low, double high, String item, String reason) implements Serializable {
  public Found {
    if (!(low <= high)) {
      throw new IllegalArgumentException("From %s to %s".formatted(low, high));
    }
    if ((low == high) != (reason == null)) {
      throw new IllegalArgumentException("A figure is known, or there is a reason why not");
    }
  }

  static Found of(double value, String item) {
    return new Found(value, value, item, null);
  }

  static Found unknown(String reason) {
    return new Found(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, "", reason);
  }

  /** Its value; null if it is not known. */
  public Double value() {
    return reason == null ? (Double) low : null;
  }
}
