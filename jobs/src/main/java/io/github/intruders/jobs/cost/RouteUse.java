package io.github.intruders.jobs.cost;

import io.github.intruders.cost.RouteChoice;
import io.github.intruders.cost.Workload;
import io.github.intruders.plan.BaseMatrix;

/**
 * How base matrices of one kind are taken, and why.
 *
 * @param shape rows x columns and the type that they are stored in
 * @param checkpoints how many there are to do of each
 * @param choice with the times of each
 */
public record RouteUse(String shape, long checkpoints, RouteChoice choice) {
  static RouteUse of(BaseMatrix matrix, Workload work, RouteChoice choice) {
    return new RouteUse(
        "%dx%d %s"
            .formatted(matrix.source().rows(), matrix.source().cols(), matrix.source().dtype()),
        work.checkpoints(),
        choice);
  }
}
