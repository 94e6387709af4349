package io.github.intruders.jobs.figures;

import java.io.Serializable;
import java.util.Objects;

/**
 * What came of a rule and a checkpoint, as the table {@code checks} keeps it.
 *
 * @param effect what it counts as, {@code error}, {@code warning} or {@code info}; null where the
 *     rule is kept, or where it does not matter that nobody knows
 * @param observed the figure, or null if it is not known
 * @param limit what it had to keep, or null
 * @param acceptance why the checkpoint was accepted then, or null if it was not
 * @param checkedAt when, as an instant
 */
public record CheckLine(
    String checkpointId,
    String ruleSet,
    String rule,
    String state,
    String effect,
    String figure,
    Double observed,
    String bound,
    Double limit,
    String referenceOf,
    String subject,
    String reason,
    String acceptance,
    String checkedAt)
    implements Serializable {
  public CheckLine {
    Objects.requireNonNull(checkpointId, "checkpointId");
    Objects.requireNonNull(ruleSet, "ruleSet");
  }
}
