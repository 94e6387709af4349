package io.github.intruders.jobs.session;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.logging.log4j.Level;
import org.apache.spark.util.SignalUtils;
import org.apache.spark.util.Utils;

/** A signal that ends this process, as Ctrl-C, schedulers and closed terminals send it. */
public final class Signal {
  private static final List<String> ENDING = List.of("TERM", "INT", "HUP");

  private static volatile boolean arrived;

  private Signal() {}

  /**
   * Tells of the first signal as it comes, the last that is heard of this process. What follows is
   * left as it is: Java's hooks run, which stop the session and close file systems under the job,
   * and the process ends, at any place and maybe before the job has noticed anything.
   *
   * @param line is given what to say, on a thread of its own
   */
  public static void announce(Consumer<String> line) {
    for (String signal : ENDING) {
      SignalUtils.register(
          signal,
          () -> {
            if (!arrived) {
              arrived = true;
              line.accept("Ended by a signal" + ClusterFault.GOES_ON);
              Utils.setLogLevel(Level.OFF); // what stops under its own work complains at length,
              System.setErr(new PrintStream(OutputStream.nullOutputStream())); // not only in logs
            }
            return false; // and then whatever would have been done
          });
    }
  }

  /** Whether one was announced, so that all failures are its consequences. */
  public static boolean hasArrived() {
    return arrived;
  }

  /**
   * What to say of any failure while the process ends that was not announced. Empty at all other
   * times.
   */
  public static Optional<String> endingThisProcess() {
    return ShutdownHookManager.get().isShutdownInProgress()
        ? Optional.of(
            "The process was ended under the job, by a signal or by Spark after a fault that lines above tell"
                + ClusterFault.GOES_ON)
        : Optional.empty();
  }
}
