package io.github.intruders.plan;

import io.github.intruders.input.Rejection;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.Serializable;
import java.util.List;

/**
 * What will be analysed of one checkpoint, and what will not.
 *
 * @param spec the checkpoint
 * @param matrices the work, in the order of the base's names
 * @param rejections what does not fit, with reasons
 * @param coverage what each of its adapters names and what of it is in the base
 * @param notes what its owner should know of how it was understood, in words
 */
public record CheckpointPlan(
    CheckpointSpec spec,
    List<MatrixPlan> matrices,
    List<Rejection> rejections,
    List<AdapterCoverage> coverage,
    List<String> notes)
    implements Serializable {
  /** How a note begins that a run tells, too. */
  public static final String WARNING = "warning: ";

  public CheckpointPlan {
    matrices = List.copyOf(matrices);
    rejections = List.copyOf(rejections);
    coverage = List.copyOf(coverage);
    notes = List.copyOf(notes);
  }
}
