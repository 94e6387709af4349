package io.github.intruders.scan;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.SvdConvergenceException;
import io.github.intruders.plan.MatrixPlan;

/** What a fault in one matrix of one checkpoint costs: this matrix, and no more. */
public final class MatrixFault {
  private MatrixFault() {}

  /**
   * The rejection of a piece of work.
   *
   * @param fault what ended it; one that nobody foresaw is told as such
   * @throws java.io.UncheckedIOException if it is the storage's
   */
  public static Rejection rejection(MatrixPlan plan, RuntimeException fault) {
    String name = plan.base().name();
    UserInputException reason =
        fault instanceof SvdConvergenceException
            ? UserInputException.inTensor(
                RejectCode.NOT_CONVERGED, plan.base().source().file(), name, fault.getMessage())
            : UserInputException.of(fault, file(plan), name);
    return Rejection.of(plan.checkpointId(), name, reason);
  }

  /** The file that the tuned matrix is made from, beside the base's. */
  private static String file(MatrixPlan plan) {
    return plan.updateSources().stream()
        .map(MatrixSource::file)
        .findFirst()
        .orElse(plan.base().source().file());
  }
}
