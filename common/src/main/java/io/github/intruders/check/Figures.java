package io.github.intruders.check;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * The figures of all checkpoints in one state of the tables.
 *
 * @param tallies figure → checkpoint → what its rows say
 * @param missing tables that are not there
 */
public record Figures(Map<Figure, Map<String, Tally>> tallies, Set<String> missing) {
  private static final MathContext SIX_DIGITS = new MathContext(6);

  public Figures {
    tallies = new HashMap<>(tallies);
    missing = Set.copyOf(missing);
  }

  /** What is known of one of them. */
  Found of(Figure figure, String checkpointId) {
    if (missing.contains(figure.table())) {
      return Found.unknown("there is no table " + figure.table());
    }
    Tally tally = tallies.getOrDefault(figure, Map.of()).get(checkpointId);
    return (tally == null ? new Tally(figure) : tally).found();
  }

  /** A number for people: whole, or with six digits. */
  public static String text(double value) {
    if (!Double.isFinite(value)) {
      return String.valueOf(value);
    }
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return String.valueOf((long) value);
    }
    double rounded = new BigDecimal(value).round(SIX_DIGITS).doubleValue();
    return rounded == value ? String.valueOf(rounded) : text(rounded);
  }
}
