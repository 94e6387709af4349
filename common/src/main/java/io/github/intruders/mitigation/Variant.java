package io.github.intruders.mitigation;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Locale;

/**
 * One way to edit a model.
 *
 * @param kind what is scaled
 * @param lambda the factor of what is scaled: 1 changes nothing, 0 removes it
 */
public record Variant(Kind kind, double lambda) implements Serializable {
  /** What is scaled. */
  public enum Kind {
    /** The top-ranked intruder of each matrix. */
    TOP,
    /** All intruders of each matrix. */
    ALL,
    /** Control: for each scaled intruder the nearest triplet that is none. */
    NEIGHBOUR,
    /** Control: the whole update, down or up to the norm that the scaled intruders leave. */
    SHRINK,
    /** Control: random directions, as strong as what is taken from the intruders. */
    RANDOM;

    /** Whether this is something to compare with, not a mitigation. */
    public boolean isControl() {
      return this != TOP && this != ALL;
    }
  }

  public Variant {
    lambda = lambda == 0 ? 0 : lambda; // no negative zero
  }

  /** Names its folder and its rows, such as {@code top-l0.5}. */
  public String name() {
    return "%s-l%s"
        .formatted(
            kind.name().toLowerCase(Locale.ROOT),
            BigDecimal.valueOf(lambda).stripTrailingZeros().toPlainString());
  }
}
