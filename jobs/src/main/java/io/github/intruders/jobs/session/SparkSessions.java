package io.github.intruders.jobs.session;

import io.github.intruders.checkpoint.hadoop.PromptLocalFileSystem;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.OwnSettings;
import io.github.intruders.jobs.progress.MetricsPlugin;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Opens the session of a run. Whoever opens it closes it. */
public final class SparkSessions {
  private static final String REDACTION = "spark.redaction.regex";
  private static final String PLUGINS = "spark.plugins";
  private static final String SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions";

  /** Settings of Spark that stand unless the user gives others. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          // Each sort of a task takes a page at once, of 64 MB with the usual heap, and Java fills
          // it with zeros. Few tables have as much.
          "spark.buffer.pageSize", "4m",
          // Tasks read from a storage that is equally far from all executors: waiting for the one
          // with a little shuffled data only leaves others idle.
          "spark.locality.wait", "0s",
          // An executor that gets another one's shuffle files while it starts can never read any
          // (Spark 4.1 keeps the null it found for its shuffle manager), and takes the job down.
          // What is shuffled here is small and soon made again.
          "spark.storage.decommission.shuffleBlocks.enabled", "false",
          // Each executor that is lost may cost the stage an attempt, and a scan is one stage over
          // hours: with Spark's 4, the fifth node taken away in a night would end the run.
          "spark.stage.maxConsecutiveAttempts", "16",
          // Tables are small and queries many, on a cluster too: the heavy work is no query but
          // native BLAS within tasks. Planning a query again after each shuffle, and compiling
          // classes for it, cost far more than they could save.
          "spark.sql.adaptive.enabled", "false",
          "spark.sql.codegen.wholeStage", "false",
          "spark.sql.codegen.factoryMode", "NO_CODEGEN");

  /** The web page of the driver; in local mode nobody looks, and its server takes time to start. */
  private static final String UI = "spark.ui.enabled";

  /** Local files, in local mode: elsewhere Spark needs them before it has the job's jar. */
  static final String LOCAL_FILES = "spark.hadoop.fs.file.impl";

  static final String PROMPT_LOCAL_FILES = PromptLocalFileSystem.class.getName();

  /**
   * How deep in a task's failure Spark looks for one that takes the process along. In local mode
   * that is the driver, which has to say what happened.
   */
  private static final String FATAL_DEPTH = "spark.executor.killOnFatalError.depth";

  private SparkSessions() {}

  /**
   * A session with what the job relies on; master and resources come from spark-submit.
   *
   * @throws UserInputException if a setting can't be used
   */
  public static SparkSession open(String name) {
    SparkConf given = new SparkConf();
    OwnSettings.require(given);
    LocalFolders.require(given);
    SparkSession.Builder builder =
        SparkSession.builder()
            .appName("intruders " + name)
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.caseSensitive", "true")
            // A checkpoint's id is a text, even if all ids of a run look like numbers or dates.
            .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false");
    DEFAULTS.forEach((setting, value) -> builder.config(setting, given.get(setting, value)));
    builder.config(REDACTION, given.get(REDACTION, RemoteDefaults.all().get(REDACTION)));
    builder.config(PLUGINS, withMetrics(given.get(PLUGINS, "")));
    if (LocalCores.of(given).isPresent()) {
      builder.config(UI, given.get(UI, "false"));
      builder.config(LOCAL_FILES, given.get(LOCAL_FILES, PROMPT_LOCAL_FILES));
      builder.config(FATAL_DEPTH, given.get(FATAL_DEPTH, "0"));
    }
    SparkSession spark = builder.getOrCreate();
    RemoteDefaults.applyTo(spark.sparkContext().hadoopConfiguration());
    if (!spark.sparkContext().conf().contains(SHUFFLE_PARTITIONS)) {
      // The tables are small beside the cluster; Spark's 200 tasks a shuffle would be mostly empty.
      spark
          .conf()
          .set(SHUFFLE_PARTITIONS, String.valueOf(spark.sparkContext().defaultParallelism()));
    }
    return spark;
  }

  private static String withMetrics(String plugins) {
    String ours = MetricsPlugin.class.getName();
    return plugins.isBlank() || plugins.contains(ours) ? ours : plugins + "," + ours;
  }
}
