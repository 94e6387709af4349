package io.github.intruders.jobs.session;

import org.apache.spark.sql.SparkSession;

/** Opens the session of a run. Whoever opens it closes it. */
public final class SparkSessions {
  private SparkSessions() {}

  /** A session with what the job relies on; master and resources come from spark-submit. */
  public static SparkSession open(String name) {
    SparkSession spark =
        SparkSession.builder()
            .appName("intruders " + name)
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.caseSensitive", "true")
            .getOrCreate();
    return spark;
  }
}
