package io.github.intruders.jobs.session;

import java.util.Optional;
import org.apache.hadoop.util.ShutdownHookManager;

/** A signal that ends this process, as Ctrl-C and schedulers send it. */
public final class Signal {
  private Signal() {}

  /**
   * What to say of any failure while the process ends: sessions and file systems are closed under
   * the job then. Empty at all other times.
   */
  public static Optional<String> endingThisProcess() {
    return ShutdownHookManager.get().isShutdownInProgress()
        ? Optional.of("Ended by a signal" + ClusterFault.GOES_ON)
        : Optional.empty();
  }
}
