package io.github.intruders.check;

import java.util.Locale;
import java.util.Objects;

/**
 * What came of one rule and one checkpoint.
 *
 * @param rule that was held
 * @param checkpointId against which it was held
 * @param state whether it is kept
 * @param observed the figure; where it is broken and the figure not known exactly, the bound of it
 *     that breaks the rule; else null
 * @param limit what it had to keep, or null where that is not known
 * @param isUpper whether the limit is the most that is allowed, not the least
 * @param reference what the limit goes by, or null
 * @param referenceOf whose figure that is, or null
 * @param item the row that the figure is of; empty where it is not of one
 * @param reason why the state is not known, or null
 */
public record Verdict(
    Rule rule,
    String checkpointId,
    State state,
    Double observed,
    Double limit,
    boolean isUpper,
    Double reference,
    String referenceOf,
    String item,
    String reason) {
  public Verdict {
    Objects.requireNonNull(rule, "rule");
    Objects.requireNonNull(checkpointId, "checkpointId");
    if ((state == State.UNKNOWN) != (reason != null)) {
      throw new IllegalArgumentException("Rule %s: %s, %s".formatted(rule.id(), state, reason));
    }
  }

  /** Whether a rule is kept. */
  public enum State {
    PASSED,
    BROKEN,
    UNKNOWN;

    /** As tables spell it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** True if passed, false if broken, null if not known. */
  public Boolean passed() {
    return state == State.UNKNOWN ? null : (Boolean) (state == State.PASSED);
  }

  /** How much it matters; null if it does not. */
  public Severity effect() {
    return switch (state) {
      case PASSED -> null;
      case BROKEN -> rule.severity();
      case UNKNOWN -> rule.unknown();
    };
  }

  /** What the rule was held against, in words. */
  public String subject() {
    return item.isEmpty() ? checkpointId : checkpointId + ", " + item;
  }

  /** Which end of what is allowed the limit is. */
  public String bound() {
    return isUpper ? "at most" : "at least";
  }

  /** One line: the figure and the limit. */
  public String text() {
    String figure = rule.figure().text();
    String of = " (%s)".formatted(subject());
    if (state == State.UNKNOWN) {
      return "%s is not known: %s%s".formatted(figure, reason, of);
    }
    String beside =
        reference == null
            ? ""
            : ", which follows from %s of %s".formatted(Figures.text(reference), referenceOf);
    return "%s is %s, allowed is %s %s%s%s"
        .formatted(figure, Figures.text(observed), bound(), Figures.text(limit), beside, of);
  }
}
