package io.github.intruders.jobs.accumulation;

import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.TrackedIntruder;
import java.io.Serializable;
import java.util.List;

/**
 * What came of following one matrix along one sequence.
 *
 * @param points of its tracks
 * @param steps those that it was followed through
 * @param rejections steps that it could not be followed through; its tracks end before them
 * @param misfit a checkpoint that was counted by other settings than this run's, or null; then
 *     nothing was followed
 */
record FollowedMatrix(
    Id id,
    List<TrackedIntruder> points,
    List<MatrixStep> steps,
    List<Rejection> rejections,
    String misfit)
    implements Serializable {

  /** Which matrix along which sequence. */
  record Id(String sequence, String matrix) implements Serializable {}
}
