package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.hadoop.StorageFault;
import io.github.intruders.input.Causes;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.progress.NoExecutorsException;
import io.github.intruders.jobs.session.ClusterFault;
import io.github.intruders.jobs.session.ProcessFault;
import io.github.intruders.jobs.session.Signal;
import io.github.intruders.jobs.store.TableDamage;
import java.util.Optional;

/**
 * How a command ends that has failed.
 *
 * @param exitCode of the process
 * @param message one line: what is wrong and what to do
 */
record Failure(int exitCode, String message) {
  /**
   * What a failure means to a user, wherever in its causes that stands. Spark brings the failures
   * of tasks as exceptions or as text.
   *
   * @return empty if nobody foresaw it
   */
  static Optional<Failure> of(Throwable failure) {
    return Signal.endingThisProcess()
        .map(Failure::fault)
        .or(
            () ->
                Causes.first(UserInputException.class, failure)
                    .map(fault -> new Failure(Main.UNUSABLE, fault.getMessage())))
        .or(
            () ->
                Causes.first(NoExecutorsException.class, failure)
                    .map(fault -> fault(fault.getMessage())))
        .or(() -> ProcessFault.in(failure).map(Failure::of))
        .or(() -> StorageFault.in(failure).map(Failure::of))
        .or(() -> TableDamage.in(failure).map(Failure::fault))
        .or(() -> ClusterFault.in(failure).map(Failure::fault));
  }

  private static Failure of(ProcessFault fault) {
    return new Failure(fault.isSetting() ? Main.UNUSABLE : Main.FAULT, fault.message());
  }

  private static Failure of(StorageFault fault) {
    boolean refused = fault.kind() == StorageFault.Kind.REFUSED;
    return new Failure(refused ? Main.UNUSABLE : Main.FAULT, fault.message());
  }

  private static Failure fault(String message) {
    return new Failure(Main.FAULT, message);
  }
}
