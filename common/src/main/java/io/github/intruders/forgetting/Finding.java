package io.github.intruders.forgetting;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What is to be said of the count of intruders and the size of the update, in words: whether either
 * of them tells anything about forgetting that the other one does not.
 *
 * <p>Something is added where the partial rank correlation is significant after Holm's correction
 * over all pairs, and the interval from resamples of whole sequences does not reach 0 either. Where
 * that interval is not to be had, nothing is claimed.
 */
public final class Finding {
  private static final double SIGNIFICANT = 0.05;
  private static final int ENOUGH_CLUSTERS = 10;

  private Finding() {}

  /**
   * The sentence.
   *
   * @param rungs what {@link Ladder#of} gave for some checkpoints; the pair of count and norm and
   *     the two by themselves are enough
   */
  public static String of(List<Rung> rungs) {
    Optional<Rung> count = pair(rungs, Ladder.NORM, Ladder.COUNT);
    Optional<Rung> norm = pair(rungs, Ladder.COUNT, Ladder.NORM);
    if (count.isEmpty() || norm.isEmpty()) {
      return "Nothing was compared here.";
    }
    if (count.get().r2() == null) {
      return "%s: whether the intruder count adds anything to the size of the update can't be told (%s)."
          .formatted(on(count.get()), count.get().note());
    }
    return "%s the intruder count %s: ρ = %s alone, %s once the update norm is known (%s). The norm %s: %s alone, %s once the count is known (%s).%s"
        .formatted(
            on(count.get()),
            verdict(count.get(), "the size of the update"),
            alone(rungs, Ladder.COUNT),
            number(count.get().partial()),
            certainty(count.get()),
            verdict(norm.get(), "the count"),
            alone(rungs, Ladder.NORM),
            number(norm.get().partial()),
            certainty(norm.get()),
            caution(count.get()));
  }

  /** Whether what a rung adds is more than chance, as far as that can be told. */
  public static boolean adds(Rung rung) {
    return rung.pValueHolm() != null
        && rung.pValueHolm() < SIGNIFICANT
        && rung.partialInterval() != null
        && rung.partialInterval().low() * rung.partialInterval().high() > 0;
  }

  private static String verdict(Rung rung, String other) {
    if (adds(rung)) {
      return "tells of forgetting beyond " + other;
    }
    return rung.partialInterval() == null
        ? "can't be told from " + other
        : "adds nothing that shows once %s is known".formatted(other);
  }

  private static String caution(Rung rung) {
    if (rung.partialInterval() == null) {
      return " Fewer than %d sequences give no interval, and so no answer."
          .formatted(Ladder.MIN_CLUSTERS);
    }
    return rung.clusters() < ENOUGH_CLUSTERS ? " So few sequences make the intervals rough." : "";
  }

  private static String on(Rung rung) {
    return rung.clusters() == rung.n()
        ? "On these %d checkpoints".formatted(rung.n())
        : "On these %d checkpoints of %d %s"
            .formatted(rung.n(), rung.clusters(), rung.clusters() == 1 ? "sequence" : "sequences");
  }

  private static String certainty(Rung rung) {
    Bootstrap.Interval interval = rung.partialInterval();
    return "p %s by Holm, 95 %% interval %s"
        .formatted(
            p(rung.pValueHolm()),
            interval == null
                ? "unknown"
                : "%s to %s".formatted(number(interval.low()), number(interval.high())));
  }

  private static Optional<Rung> pair(List<Rung> rungs, String given, String added) {
    return find(rungs, List.of(given, added));
  }

  private static String alone(List<Rung> rungs, String measure) {
    return find(rungs, List.of(measure)).map(rung -> number(rung.partial())).orElse("unknown");
  }

  private static Optional<Rung> find(List<Rung> rungs, List<String> measures) {
    return rungs.stream()
        .filter(rung -> rung.rung() == null && rung.measures().equals(measures))
        .findFirst();
  }

  private static String number(Double value) {
    return value == null
        ? "unknown"
        : String.format(Locale.ROOT, "%.2f", value + 0.0).replaceFirst("^-(0\\.0+)$", "$1");
  }

  private static String p(double value) {
    return value < 0.001 ? "below 0.001" : "= " + String.format(Locale.ROOT, "%.2g", value);
  }
}
