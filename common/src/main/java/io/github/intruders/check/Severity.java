package io.github.intruders.check;

import java.util.Locale;

/** How much a broken rule matters. */
public enum Severity {
  /** The checkpoint is not accepted. */
  ERROR,
  /** Somebody should look at it. */
  WARNING,
  /** It is worth knowing. */
  INFO;

  /** As rules and tables spell it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
