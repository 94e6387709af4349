package io.github.intruders.jobs.report;

import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.cost.ComparisonCost;
import java.util.List;
import java.util.Locale;

/**
 * What a comparison would take, as a person reads it in a terminal.
 *
 * @param cores of the job
 * @param rejections what would be left out, the first ones
 * @param rejected how many would be left out in all
 */
public record ComparisonPlan(
    ComparisonCost cost, int cores, List<Rejection> rejections, long rejected) {
  /** The plan as text. */
  public String render() {
    StringBuilder text = new StringBuilder();
    text.append(
        "%d checkpoints, %d pairs, over %d matrices of the base: %d updates%n"
            .formatted(cost.checkpoints(), cost.pairs(), cost.matrices(), cost.updates()));
    text.append("To read: %s, each tensor once%n".formatted(Amount.ofBytes(cost.readBytes())));
    text.append(
        "Memory outside the heap: up to %s a task%n".formatted(Amount.ofBytes(cost.taskBytes())));
    text.append(
        cost.groups() == 1
            ? "One task compares all pairs in a matrix%n".formatted()
            : "In %d groups of checkpoints; %s travel between tasks%n"
                .formatted(cost.groups(), Amount.ofBytes(cost.travelBytes())));
    text.append(
        String.format(
            Locale.ROOT,
            "To compute: %.3g pairs in matrices, %.3g operations, about %s of core time; on %d cores about %s%n",
            cost.parts(),
            cost.flops(),
            Amount.ofSeconds(cost.coreSeconds()),
            cores,
            Amount.ofSeconds(cost.coreSeconds() / cores)));
    if (rejected > 0) {
      text.append("%nLeft out: %d%n".formatted(rejected));
      rejections.forEach(one -> text.append("  %s%n".formatted(one.message())));
    }
    return text.append("Dry run: nothing was computed or written%n".formatted()).toString();
  }
}
