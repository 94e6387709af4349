package io.github.intruders.jobs.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.input.Fingerprint;

/**
 * A hash over all that a summary says, in it as its last field, so that one that was damaged is
 * told from a good one. Layout does not count: it may be formatted anew.
 */
final class SummarySeal {
  private static final String FIELD = "seal";

  private SummarySeal() {}

  /** Adds the seal. */
  static void put(ObjectNode summary) {
    summary.put(FIELD, of(summary));
  }

  /** Whether a summary says what it said when it was sealed; takes the seal off. */
  static boolean takeOff(ObjectNode summary) {
    String found = summary.path(FIELD).asText();
    summary.remove(FIELD);
    return found.equals(of(summary));
  }

  private static String of(ObjectNode summary) {
    return Fingerprint.of(summary.toString());
  }
}
