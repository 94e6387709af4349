package io.github.intruders.check;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What was true of a checkpoint when it was accepted.
 *
 * @param checkpointId names it
 * @param line it belongs to
 * @param sequence it is a step of, or null
 * @param step or null
 * @param resultsRun the run that its results were of, or null
 * @param rulesHash the rules it was held against
 * @param at when
 * @param observed figure → its value, of those that were known
 * @param references figure → what it was held against, of those that were held against something
 */
public record Acceptance(
    String checkpointId,
    String line,
    String sequence,
    Integer step,
    String resultsRun,
    String rulesHash,
    Instant at,
    Map<String, Double> observed,
    Map<String, Compared> references) {
  public Acceptance {
    Objects.requireNonNull(checkpointId, "checkpointId");
    Objects.requireNonNull(line, "line");
    Objects.requireNonNull(at, "at");
    observed = new HashMap<>(observed);
    references = new HashMap<>(references);
  }

  /**
   * A reference that was found.
   *
   * @param value of the figure
   * @param of whose figure it is
   */
  public record Compared(double value, String of) {}
}
