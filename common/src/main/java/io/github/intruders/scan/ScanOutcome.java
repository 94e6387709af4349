package io.github.intruders.scan;

import io.github.intruders.input.Rejection;
import io.github.intruders.plan.MatrixPlan;

/** What became of one piece of work. */
public sealed interface ScanOutcome {
  /** The piece of work. */
  MatrixPlan plan();

  /**
   * It was analysed.
   *
   * @param elapsedMillis wall time, without the base's share
   */
  record Analysed(MatrixPlan plan, MatrixScan scan, long elapsedMillis) implements ScanOutcome {}

  /** It could not be analysed. */
  record Rejected(MatrixPlan plan, Rejection rejection) implements ScanOutcome {}
}
