package io.github.intruders.mitigation;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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

  private static final Pattern NAME =
      Pattern.compile(
          Arrays.stream(Kind.values())
              .map(kind -> kind.name().toLowerCase(Locale.ROOT))
              .collect(Collectors.joining("|", "(", ")-l([0-9]+(?:\\.[0-9]+)?)")));

  public Variant {
    lambda = lambda == 0 ? 0 : lambda; // no negative zero
  }

  /** The variant of this {@link #name}, if there is one. */
  public static Optional<Variant> parse(String name) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    Kind kind = Kind.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
    double lambda = Double.parseDouble(parts.group(2));
    return Optional.of(lambda)
        .filter(Double::isFinite)
        .map(finite -> new Variant(kind, finite))
        .filter(variant -> variant.name().equals(name));
  }

  /** Names its folder and its rows, such as {@code top-l0.5}. */
  public String name() {
    return "%s-l%s"
        .formatted(
            kind.name().toLowerCase(Locale.ROOT),
            BigDecimal.valueOf(lambda).stripTrailingZeros().toPlainString());
  }
}
