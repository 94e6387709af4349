package io.github.intruders.jobs.progress;

import java.util.Locale;
import java.util.OptionalDouble;

/**
 * How far a job is at one moment.
 *
 * @param stage the stage at work
 * @param place its place among the job's stages, from 1
 * @param stages how many stages the job has
 * @param unit what the stage counts, in the plural
 * @param done finished pieces of the stage
 * @param total pieces of the stage
 * @param share finished part of the stage's work, from 0 to 1: by cost, where costs are known
 * @param rejected what the whole job has left out so far
 * @param jobSeconds since the job began
 * @param stageSeconds since the stage began
 * @param laterSeconds what the stages to come took in an earlier run
 * @param allLaterKnown whether that is known of all of them
 */
public record ProgressReading(
    String stage,
    int place,
    int stages,
    String unit,
    long done,
    long total,
    double share,
    long rejected,
    double jobSeconds,
    double stageSeconds,
    double laterSeconds,
    boolean allLaterKnown) {

  /** Of less than this nothing can be told of the rest. */
  private static final double LEAST_SHARE = 0.001;

  /** Seconds until the job ends, at the rate of this stage so far; empty until it has a rate. */
  public OptionalDouble secondsLeft() {
    return share < LEAST_SHARE
        ? OptionalDouble.empty()
        : OptionalDouble.of(stageSeconds / share * (1 - share) + laterSeconds);
  }

  /** As a person reads it, in one line of less than 100 characters. */
  public String line() {
    return "[%d/%d] %s: %d of %d %s (%s), %d rejected, %s elapsed, %s"
        .formatted(
            place,
            stages,
            stage,
            done,
            total,
            unit,
            percent(),
            rejected,
            clock(jobSeconds),
            left());
  }

  /** The share, rounded down but for what a sum of shares may lack: 100 % is the end. */
  private String percent() {
    return String.format(Locale.ROOT, "%d %%", (int) Math.floor(100 * share + 1e-6));
  }

  private String left() {
    OptionalDouble left = secondsLeft();
    if (left.isEmpty()) {
      return "time left not known yet";
    }
    return (allLaterKnown ? "%s left" : "at least %s left").formatted(clock(left.getAsDouble()));
  }

  /** Seconds as {@code 1:05} or {@code 2:00:09}. */
  static String clock(double wholeAndPart) {
    long seconds = Math.round(wholeAndPart);
    return seconds >= 3600
        ? "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60)
        : "%d:%02d".formatted(seconds / 60, seconds % 60);
  }
}
