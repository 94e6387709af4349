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
 * @param kind what is edited
 * @param dose how strongly; of a control, the edit that it is compared with
 */
public record Variant(Kind kind, Dose dose) implements Serializable {
  /** What is edited. */
  public enum Kind {
    /** The top-ranked intruder of each matrix. */
    TOP,
    /** All intruders of each matrix. */
    ALL,
    /** The whole update, down to a budget. */
    BUDGET,
    /** The singular values of the update below a threshold, which go. */
    THRESHOLD,
    /** Control: for each scaled intruder the nearest triplet that is none. */
    NEIGHBOUR,
    /** Control: the whole update, down or up to the norm that the edit leaves. */
    SHRINK,
    /** Control: random directions, as strong as what the edit takes. */
    RANDOM,
    /**
     * Control: as much as the edit takes, of the part of the update that lies outside the
     * directions of the intruders.
     */
    OUTSIDE;

    /** Whether this is something to compare with, not a mitigation. */
    public boolean isControl() {
      return compareTo(NEIGHBOUR) >= 0;
    }
  }

  /** How strong an edit is. */
  public sealed interface Dose extends Serializable {
    /** As names have it. */
    String text();
  }

  /**
   * Intruders are scaled.
   *
   * @param factor 1 changes nothing, 0 removes them
   */
  public record Lambda(double factor) implements Dose {
    public Lambda {
      factor = factor == 0 ? 0 : factor; // no negative zero
    }

    @Override
    public String text() {
      return "l" + plain(factor);
    }
  }

  /**
   * A spike budget: no update is to be stronger than the critical strength of its base matrix at
   * the edge of the bulk ({@link io.github.intruders.scan.CriticalStrength}).
   *
   * @param multiple how many times the critical strength is allowed
   */
  public record Budget(double multiple) implements Dose {
    @Override
    public String text() {
      return "budget-" + plain(multiple);
    }
  }

  /**
   * Singular values of the update that noise could have are dropped ({@link
   * io.github.intruders.spectra.MarchenkoPastur#hardThreshold}).
   */
  public record HardThreshold() implements Dose {
    @Override
    public String text() {
      return "threshold";
    }
  }

  private static final Pattern NAME =
      Pattern.compile(
          Arrays.stream(Kind.values())
              .map(kind -> kind.name().toLowerCase(Locale.ROOT))
              .collect(
                  Collectors.joining(
                      "|",
                      "(?:(",
                      ")-)??(?:l([0-9]+(?:\\.[0-9]+)?)|budget-([0-9]+(?:\\.[0-9]+)?)|threshold)")));

  /** A variant that scales intruders, or a control of one. */
  public Variant(Kind kind, double lambda) {
    this(kind, new Lambda(lambda));
  }

  /** The variant of this {@link #name}, if there is one. */
  public static Optional<Variant> parse(String name) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    Dose dose;
    Kind alone = null;
    if (parts.group(2) != null) {
      dose = new Lambda(Double.parseDouble(parts.group(2)));
    } else if (parts.group(3) != null) {
      dose = new Budget(Double.parseDouble(parts.group(3)));
      alone = Kind.BUDGET;
    } else {
      dose = new HardThreshold();
      alone = Kind.THRESHOLD;
    }
    Kind kind =
        parts.group(1) == null ? alone : Kind.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
    return Optional.ofNullable(kind)
        .map(known -> new Variant(known, dose))
        .filter(variant -> variant.isMade() && variant.name().equals(name));
  }

  /** Whether it is one of those that are made: intruders are scaled by a factor alone. */
  private boolean isMade() {
    return switch (kind) {
      case TOP, ALL, NEIGHBOUR -> dose instanceof Lambda;
      case BUDGET -> dose instanceof Budget;
      case THRESHOLD -> dose instanceof HardThreshold;
      case SHRINK -> !(dose instanceof Budget);
      case RANDOM, OUTSIDE -> true;
    };
  }

  /** The factor of the intruders; null where the edit has none. */
  public Double lambda() {
    return dose instanceof Lambda lambda ? (Double) lambda.factor() : null;
  }

  /** Names its folder and its rows, such as {@code top-l0.5}. */
  public String name() {
    return kind == Kind.BUDGET || kind == Kind.THRESHOLD
        ? dose.text()
        : kind.name().toLowerCase(Locale.ROOT) + "-" + dose.text();
  }

  private static String plain(double number) {
    return Double.isFinite(number)
        ? BigDecimal.valueOf(number).stripTrailingZeros().toPlainString()
        : Double.toString(number);
  }
}
