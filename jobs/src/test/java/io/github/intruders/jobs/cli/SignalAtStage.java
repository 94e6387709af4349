package io.github.intruders.jobs.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.RejectedExecutionException;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;

/**
 * Sends this process a signal when a stage begins its first Spark job, and lets a thread complain
 * as it ends, as some do; Spark makes it by name.
 */
public final class SignalAtStage extends SparkListener {
  /** The system property that names the stage. */
  static final String STAGE = "spark.test.stage";

  private final String beginning = System.getProperty(STAGE) + ":";
  private boolean sent;

  @Override
  public void onJobStart(SparkListenerJobStart job) {
    if (!sent
        && String.valueOf(job.properties().get("spark.job.description")).startsWith(beginning)) {
      sent = true;
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> new RejectedExecutionException("too late").printStackTrace()));
      try {
        new ProcessBuilder("kill", "-s", "TERM", String.valueOf(ProcessHandle.current().pid()))
            .start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
