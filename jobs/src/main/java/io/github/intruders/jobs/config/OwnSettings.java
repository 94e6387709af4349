package io.github.intruders.jobs.config;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.network.util.JavaUtils;

/** This job's own settings among those of Spark, {@code spark.intruders.*}. */
public final class OwnSettings {
  /** How much memory outside the heap one task may use. */
  public static final String TASK_MEMORY = "spark.intruders.task.memory";

  /** How long a job waits with no executor at all; 0 for ever. */
  public static final String EXECUTOR_WAIT = "spark.intruders.resources.timeout";

  private static final String PREFIX = "spark.intruders.";
  private static final Duration DEFAULT_EXECUTOR_WAIT = Duration.ofMinutes(10);

  /** What each one has to be. */
  private static final Map<String, String> EXPECTED =
      new TreeMap<>(
          Map.of(
              TASK_MEMORY,
              "a size above 0 with its unit, such as 12g or 9800m",
              EXECUTOR_WAIT,
              "a time with its unit, such as 10m or 90s, or 0 to wait for ever"));

  private OwnSettings() {}

  /**
   * Looks at all that are set, before anything is computed.
   *
   * @throws UserInputException if there is no such setting, or its value can't be used
   */
  public static void require(SparkConf conf) {
    for (scala.Tuple2<String, String> setting : conf.getAllWithPrefix(PREFIX)) {
      String name = PREFIX + setting._1();
      if (!EXPECTED.containsKey(name)) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "Cannot use %s=%s: there is no such setting; expected one of %s"
                .formatted(name, setting._2(), EXPECTED.keySet()));
      }
    }
    taskMemory(conf);
    executorWait(conf);
  }

  /** {@value #TASK_MEMORY} in bytes, if it is set. */
  public static OptionalLong taskMemory(SparkConf conf) {
    if (!conf.contains(TASK_MEMORY)) {
      return OptionalLong.empty();
    }
    try {
      long bytes = JavaUtils.byteStringAsBytes(conf.get(TASK_MEMORY));
      if (bytes <= 0) {
        throw unusable(conf, TASK_MEMORY);
      }
      return OptionalLong.of(bytes);
    } catch (IllegalArgumentException e) { // also of numbers beyond a long
      throw unusable(conf, TASK_MEMORY);
    }
  }

  /** {@value #EXECUTOR_WAIT}, or what stands without it; 0 for ever. */
  public static Duration executorWait(SparkConf conf) {
    if (!conf.contains(EXECUTOR_WAIT)) {
      return DEFAULT_EXECUTOR_WAIT;
    }
    try {
      Duration wait = Duration.ofSeconds(JavaUtils.timeStringAsSec(conf.get(EXECUTOR_WAIT)));
      if (wait.isNegative()) {
        throw unusable(conf, EXECUTOR_WAIT);
      }
      return wait;
    } catch (IllegalArgumentException e) {
      throw unusable(conf, EXECUTOR_WAIT);
    }
  }

  private static UserInputException unusable(SparkConf conf, String name) {
    return UserInputException.of(
        RejectCode.SETTING_INVALID,
        "Cannot use %s=%s: expected %s".formatted(name, conf.get(name), EXPECTED.get(name)));
  }
}
