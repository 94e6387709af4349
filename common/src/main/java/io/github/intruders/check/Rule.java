package io.github.intruders.check;

import java.util.List;
import java.util.Objects;

/**
 * One rule.
 *
 * @param id names it in its set
 * @param about what it is there for, or null
 * @param figure what it is on
 * @param bounds what the figure may be
 * @param against what relative bounds go by, or null
 * @param severity how much it matters if it is broken
 * @param unknown how much it matters if nobody knows whether it is; null if it does not
 * @param checkpoints conditions on rows of the table {@code checkpoints}: whom it is for
 * @param line where it stands, from 1
 */
public record Rule(
    String id,
    String about,
    Figure figure,
    Bounds bounds,
    Reference against,
    Severity severity,
    Severity unknown,
    List<Condition> checkpoints,
    int line) {
  public Rule {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(figure, "figure");
    Objects.requireNonNull(severity, "severity");
    checkpoints = List.copyOf(checkpoints);
    if (bounds.isRelative() == (against == null) || bounds.isRelative() == bounds.isAbsolute()) {
      throw new IllegalArgumentException("Rule %s: %s against %s".formatted(id, bounds, against));
    }
  }

  /** The same rule against something else; an absolute one stays as it is. */
  Rule against(Reference reference) {
    return against == null
        ? this
        : new Rule(id, about, figure, bounds, reference, severity, unknown, checkpoints, line);
  }

  /** What it asks for, in words. */
  public String text() {
    return figure.text()
        + ": "
        + bounds.text()
        + (against == null ? "" : " against " + against.text());
  }
}
