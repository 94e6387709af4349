package io.github.intruders.check;

/**
 * What a figure may be, both ends inclusive.
 *
 * @param min at least this, or null
 * @param max at most this, or null
 */
record Limits(Double min, Double max) {

  /** How a figure stands to them; null where that is not known. */
  Boolean allow(Found found) {
    if ((max != null && found.low() > max) || (min != null && found.high() < min)) {
      return false;
    }
    boolean kept = (max == null || found.high() <= max) && (min == null || found.low() >= min);
    return kept ? true : null;
  }

  /** Whether it is the upper end that a figure comes nearer to, or has passed. */
  boolean isUpperNearer(Found found) {
    if (min == null || max == null) {
      return max != null;
    }
    return found.low() - max >= min - found.high();
  }
}
