package io.github.intruders.compare;

import java.util.Locale;

/** How far one update is another one's copy. */
public enum Duplicate {
  /** The same update up to rounding, whatever factors or types it is stored in. */
  EXACT,
  /** Almost the same, such as a copy in another type or a training run that went on a little. */
  NEAR,
  /** The same direction at another strength, such as another alpha. */
  SCALED;

  /** Relative distance that traces in double precision still tell from zero. */
  static final double EXACT_DISTANCE = 1e-6;

  /** Relative distance up to which an update counts as almost the same. */
  static final double NEAR_DISTANCE = 0.1;

  /** The cosine of two updates of one norm at {@link #NEAR_DISTANCE}. */
  static final double SCALED_COSINE = 1 - NEAR_DISTANCE * NEAR_DISTANCE / 2;

  /** As the tables have it. */
  public String column() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Tells from the figures of a pair.
   *
   * @param mostDistance what the relative distance of the two is at most
   * @param leastCosine what the cosine of the two is at least, or null where it is not defined
   * @return null for none
   */
  static Duplicate of(double mostDistance, Double leastCosine) {
    if (mostDistance <= EXACT_DISTANCE) {
      return EXACT;
    }
    if (mostDistance <= NEAR_DISTANCE) {
      return NEAR;
    }
    return leastCosine != null && leastCosine >= SCALED_COSINE ? SCALED : null;
  }
}
