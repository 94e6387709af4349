package io.github.intruders.jobs.figures;

import io.github.intruders.accumulation.TrackPoint;
import java.io.Serializable;

/**
 * One point of a track, and where it belongs.
 *
 * @param layer null where the matrix belongs to none
 * @param task of the step, or null
 * @param side whose vectors are counted, as the tables name it
 */
public record TrackedIntruder(
    String sequence,
    String matrix,
    Integer layer,
    String module,
    String checkpointId,
    String task,
    String side,
    TrackPoint point)
    implements Serializable {}
