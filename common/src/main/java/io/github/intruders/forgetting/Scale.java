package io.github.intruders.forgetting;

import java.util.Locale;
import java.util.Set;

/** On what scale measures and forgetting meet in a regression. */
public enum Scale {
  /** Ranks, equal values at the mean of theirs, within the checkpoints of a (re)sample. */
  RANK,

  /**
   * Logarithms of the measures, forgetting as it is: ln(1 + x) of counts and shares, which may be
   * 0, ln x of the others, which a checkpoint without an update does not have.
   */
  LOG;

  private static final Set<String> FROM_ZERO = Set.of(Ladder.COUNT, Ladder.ENERGY);

  /** As in the tables: {@code rank} or {@code log}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What an observation has of a measure on this scale, before ranking; null where it has none. */
  Double value(String measure, Observation observation) {
    Double value = observation.measures().get(measure);
    if (value == null || this == RANK) {
      return value;
    }
    if (FROM_ZERO.contains(measure)) {
      return Math.log1p(value);
    }
    return value > 0 ? (Double) Math.log(value) : null;
  }

  /** The scale of that name. */
  public static Scale of(String text) {
    return valueOf(text.toUpperCase(Locale.ROOT));
  }
}
