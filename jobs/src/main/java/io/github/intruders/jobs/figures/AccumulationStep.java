package io.github.intruders.jobs.figures;

import java.io.Serializable;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * One step of a sequence, over all matrices that were followed through it.
 *
 * @param task what it was tuned for, or null
 * @param matrices how many
 * @param intruders born + persisted
 * @param born without a partner at the step before
 * @param persisted with one
 * @param faded intruders of the step before that are no more
 * @param cumulativeBorn births up to here
 * @param intruderEnergyShare Σσ² over the intruders relative to all tested vectors of the counted
 *     side
 * @param subspaceLocking mean over the matrices of which it is known, or null
 */
public record AccumulationStep(
    String sequence,
    int step,
    String checkpointId,
    String task,
    int matrices,
    int intruders,
    int born,
    int persisted,
    int faded,
    int cumulativeBorn,
    double intruderEnergyShare,
    Double subspaceLocking)
    implements Serializable {
  /** The steps by sequence, each sequence from its start. */
  public static List<AccumulationStep> inOrder(Collection<AccumulationStep> steps) {
    return steps.stream()
        .sorted(
            Comparator.comparing(AccumulationStep::sequence)
                .thenComparingInt(AccumulationStep::step))
        .toList();
  }
}
