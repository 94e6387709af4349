package io.github.intruders.jobs.figures;

import io.github.intruders.forgetting.Rung;
import java.io.Serializable;

/**
 * What a measure adds to others in explaining a metric's forgetting.
 *
 * @param grouping which checkpoints, see {@link CorrelationLine}; never a single sequence, whose
 *     steps are not independent
 */
public record LadderLine(String baseId, String metric, String grouping, Rung rung)
    implements Serializable {}
