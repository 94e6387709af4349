package io.github.intruders.jobs.session;

import io.github.intruders.input.Causes;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Spark's settings, memory or local disk did to end a job, and what can be done about it.
 *
 * @param isSetting whether a setting is wrong, so that trying again is of no use
 * @param message one line
 */
public record ProcessFault(boolean isSetting, String message) {
  private static final Pattern SETTING =
      Pattern.compile(
          "(?:INVALID_CONF_VALUE\\S*] |Illegal value for config key )([^\\n]+(?:\\nFailed to parse[^\\n]*)?)");

  private static final Pattern MEMORY_SETTING =
      Pattern.compile("INVALID_(DRIVER|EXECUTOR)_MEMORY\\S*] ([^\\n]+)");

  private static final Pattern MASTER = Pattern.compile("Could not parse Master URL: ([^\\n]*)");

  private static final Pattern ADDRESS =
      Pattern.compile("Service '\\w+' (?:failed after|could not bind)[^\\n(!]*");

  private static final Pattern OUT_OF_MEMORY =
      Pattern.compile("java\\.lang\\.OutOfMemoryError(?:: ([^\\n]*))?");

  /** A task's place, as Spark's scheduler writes it into the message of a failed job. */
  private static final Pattern EXECUTOR = Pattern.compile("\\(TID \\d+\\) \\([^)]*executor (\\w+)");

  private static final String DISK_FULL = "No space left on device";

  /** Where Spark writes what is shuffled, spilled, cached and broadcast. */
  private static final Pattern SPARKS_OWN_FILES =
      Pattern.compile(
          "org\\.apache\\.spark\\.(?:shuffle|storage|broadcast|util\\.collection|io)\\.\\w");

  /** The fault behind a failure, if it is one of these. */
  public static Optional<ProcessFault> in(Throwable failure) {
    List<Throwable> causes = Causes.of(failure);
    for (Throwable cause : causes) {
      Optional<ProcessFault> fault = setting(cause.toString());
      if (fault.isPresent()) {
        return fault;
      }
    }
    for (Throwable cause : causes) {
      Matcher memory = OUT_OF_MEMORY.matcher(cause.toString());
      if (memory.find()) {
        return Optional.of(new ProcessFault(false, outOfMemory(memory.group(1), causes)));
      }
    }
    for (Throwable cause : causes) {
      if (cause.toString().contains(DISK_FULL) && isSparks(cause)) {
        return Optional.of(
            new ProcessFault(
                false,
                "The disk that Spark keeps its own files on is full: free some space, or set spark.local.dir to a folder on a larger one (SPARK_LOCAL_DIRS of a cluster's workers)"
                    + ClusterFault.GOES_ON));
      }
    }
    return Optional.empty();
  }

  private static Optional<ProcessFault> setting(String said) {
    Matcher memory = MEMORY_SETTING.matcher(said);
    if (memory.find()) {
      boolean driver = memory.group(1).equals("DRIVER");
      return Optional.of(
          new ProcessFault(
              true,
              "The %s has too little memory; give it more, by -- %s. Spark said: %s"
                  .formatted(
                      driver ? "driver" : "executors",
                      driver ? "--driver-memory 4g" : "--executor-memory 2g",
                      memory.group(2).strip())));
    }
    Matcher setting = SETTING.matcher(said);
    if (setting.find()) {
      return Optional.of(
          new ProcessFault(
              true,
              "Cannot use a setting of Spark: " + setting.group(1).replace('\n', ' ').strip()));
    }
    Matcher master = MASTER.matcher(said);
    if (master.find()) {
      return Optional.of(
          new ProcessFault(
              true,
              "Cannot use --master %s: expected one such as local[2], spark://HOST:7077, yarn or k8s://https://HOST:PORT"
                  .formatted(master.group(1).strip())));
    }
    Matcher address = ADDRESS.matcher(said);
    return address.find()
        ? Optional.of(
            new ProcessFault(
                true,
                "The driver can't listen on its address or port: set spark.driver.host, spark.driver.bindAddress or the port to those of this machine. Spark said: "
                    + address.group().strip()))
        : Optional.empty();
  }

  private static String outOfMemory(String kind, List<Throwable> causes) {
    if (kind != null && kind.contains("native thread")) {
      return "This machine or container allows no more threads: raise its limit (ulimit -u, pids of the container)"
          + ClusterFault.GOES_ON;
    }
    boolean executor =
        causes.stream()
            .map(cause -> EXECUTOR.matcher(cause.toString()))
            .anyMatch(place -> place.find() && !place.group(1).equals("driver"));
    return "The Java heap of %s is too small%s: give it more, by -- %s%s"
        .formatted(
            executor ? "an executor" : "the driver",
            kind == null ? "" : " (" + kind.strip() + ")",
            executor ? "--executor-memory, or run fewer tasks in each" : "--driver-memory",
            ClusterFault.GOES_ON);
  }

  private static boolean isSparks(Throwable cause) {
    if (SPARKS_OWN_FILES.matcher(cause.toString()).find()) { // a trace that came as text
      return true;
    }
    for (StackTraceElement frame : cause.getStackTrace()) {
      if (SPARKS_OWN_FILES.matcher(frame.getClassName()).find()) {
        return true;
      }
    }
    return false;
  }
}
