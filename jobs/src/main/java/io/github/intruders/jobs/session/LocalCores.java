package io.github.intruders.jobs.session;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/** What a local master, {@code local} or {@code local[…]}, means. */
public final class LocalCores {
  private static final Pattern MASTER =
      Pattern.compile("local(?:\\[\\s*(\\d+|\\*)\\s*(?:,\\s*\\d+\\s*)?])?");

  private LocalCores() {}

  /**
   * How many tasks a session with these settings would run at once, as Spark counts them; empty
   * where its master is no local one, or where there is none.
   */
  public static OptionalInt of(SparkConf conf) {
    Matcher master = MASTER.matcher(conf.get("spark.master", ""));
    if (!master.matches()) {
      return OptionalInt.empty();
    }
    String threads = master.group(1);
    int cores =
        threads == null
            ? 1
            : threads.equals("*")
                ? Runtime.getRuntime().availableProcessors()
                : Integer.parseInt(threads);
    return OptionalInt.of(conf.getInt("spark.default.parallelism", cores));
  }
}
