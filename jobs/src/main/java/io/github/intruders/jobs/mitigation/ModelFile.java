package io.github.intruders.jobs.mitigation;

import io.github.intruders.mitigation.Variant;
import io.github.intruders.plan.MatrixPlan;
import java.io.Serializable;
import java.util.List;

/**
 * One piece of writing: one file of an edited checkpoint, or a whole edited adapter.
 *
 * @param checkpointId whose
 * @param sources where it comes from
 * @param adapter whether it is an adapter or a chain of them
 * @param sourceIdentity every file it comes from, see {@link ModelSource#identity}
 * @param variant which edit
 * @param modelKey names all that the edited model depends on
 * @param file the file's name, or {@link ModelSource#WHOLE_ADAPTER}
 * @param first whether it is the first of its model's files; each model has exactly one
 * @param plans the matrices in this file that may be edited
 */
record ModelFile(
    String checkpointId,
    List<String> sources,
    boolean adapter,
    String sourceIdentity,
    Variant variant,
    String modelKey,
    String file,
    boolean first,
    List<MatrixPlan> plans)
    implements Serializable {}
