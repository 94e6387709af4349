package io.github.intruders.jobs.session;

import io.github.intruders.input.Causes;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the cluster did to end a job, and what can be done about it, in one line. */
public final class ClusterFault {
  /** What can be done after any fault that passes. */
  static final String GOES_ON = "; finished matrices are kept, the same command goes on from there";

  private static final Pattern LOST_EXECUTOR =
      Pattern.compile(
          "failed (\\d+) times.*?ExecutorLostFailure[^\\n]*?Reason: ([^\\n]+)", Pattern.DOTALL);

  private static final Pattern LOST_SHUFFLE =
      Pattern.compile(
          "has failed the maximum allowable number of times: (\\d+).*?FetchFailed", Pattern.DOTALL);

  private ClusterFault() {}

  /** The cluster's fault behind a failure; empty if it was not the cluster's. */
  public static Optional<String> in(Throwable failure) {
    for (Throwable cause : Causes.of(failure)) {
      Optional<String> fault = in(String.valueOf(cause.getMessage()));
      if (fault.isPresent()) {
        return fault;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> in(String message) {
    if (message.contains("Master removed our application")) {
      return Optional.of(
          "The cluster gave the application up: its executors ended again and again; their logs on the workers say why"
              + GOES_ON);
    }
    Matcher lost = LOST_EXECUTOR.matcher(message);
    if (lost.find()) {
      return Optional.of(
          "A task's executor died %s times (%s); code 52 means the Java heap: raise --executor-memory; code 137 mostly means memory outside of it: raise spark.executor.memoryOverhead to what `intruders plan` prints for a task, times the tasks of an executor%s"
              .formatted(lost.group(1), lost.group(2).strip(), GOES_ON));
    }
    Matcher shuffle = LOST_SHUFFLE.matcher(message);
    if (shuffle.find()) {
      return Optional.of(
          "Executors could not read from each other, %s times in one stage: they were lost one after the other, or the network between them is closed (spark.blockManager.port must be open from node to node)%s"
              .formatted(shuffle.group(1), GOES_ON));
    }
    if (message.contains("All masters are unresponsive")
        || message.contains("stopped SparkContext")
        || message.contains("SparkContext was shut down")) {
      return Optional.of(
          "The cluster is gone, or was never there: its master does not answer; check --master, and that it is up"
              + GOES_ON);
    }
    return Optional.empty();
  }
}
