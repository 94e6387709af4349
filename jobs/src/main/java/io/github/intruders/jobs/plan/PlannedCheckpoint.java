package io.github.intruders.jobs.plan;

import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import java.io.Serializable;
import java.util.List;

/**
 * One checkpoint's plan in numbers: what the driver keeps of it.
 *
 * @param spec the checkpoint
 * @param matrices how many will be analysed
 * @param rejected how many inputs will not
 * @param notes what its owner should know of how it was understood
 * @param updateBytes bytes of the tensors that are read besides the base's
 */
public record PlannedCheckpoint(
    CheckpointSpec spec, int matrices, int rejected, List<String> notes, long updateBytes)
    implements Serializable {
  /** What its owner should look at before trusting the numbers, without the word "warning". */
  List<String> warnings() {
    return notes.stream()
        .filter(note -> note.startsWith(CheckpointPlan.WARNING))
        .map(note -> note.substring(CheckpointPlan.WARNING.length()))
        .toList();
  }

  static PlannedCheckpoint of(CheckpointPlan plan) {
    long bytes = plan.matrices().stream().mapToLong(MatrixPlan::updateBytes).sum();
    return new PlannedCheckpoint(
        plan.spec(), plan.matrices().size(), plan.rejections().size(), plan.notes(), bytes);
  }
}
