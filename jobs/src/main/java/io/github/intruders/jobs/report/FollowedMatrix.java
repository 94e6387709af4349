package io.github.intruders.jobs.report;

import io.github.intruders.jobs.figures.MatrixStep;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One matrix along a sequence; those with most intruders come first.
 *
 * @param total intruders over all steps
 * @param steps in no order
 */
record FollowedMatrix(String sequence, String matrix, long total, List<Step> steps)
    implements Comparable<FollowedMatrix>, Serializable {
  private static final Comparator<FollowedMatrix> MOST_INTRUDERS_FIRST =
      Comparator.comparingLong(FollowedMatrix::total)
          .reversed()
          .thenComparing(FollowedMatrix::sequence);

  /** A step at which the matrix was followed. */
  record Step(int step, String checkpointId, String task) implements Serializable {}

  static FollowedMatrix of(MatrixStep step) {
    return new FollowedMatrix(
        step.sequence(),
        step.matrix(),
        step.intruders(),
        List.of(new Step(step.step(), step.checkpointId(), step.task())));
  }

  /** The same matrix with the other's steps. */
  FollowedMatrix plus(FollowedMatrix other) {
    List<Step> all = new ArrayList<>(steps);
    all.addAll(other.steps);
    return new FollowedMatrix(sequence, matrix, total + other.total, all);
  }

  /** Of two matrices of a sequence the one with more intruders, or with the later name. */
  FollowedMatrix orStronger(FollowedMatrix other) {
    int order =
        Comparator.comparingLong(FollowedMatrix::total)
            .thenComparing(FollowedMatrix::matrix)
            .compare(this, other);
    return order >= 0 ? this : other;
  }

  @Override
  public int compareTo(FollowedMatrix other) {
    return MOST_INTRUDERS_FIRST.compare(this, other);
  }
}
