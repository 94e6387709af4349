package io.github.intruders.jobs.report;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.Build;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * Where a run's numbers come from. Holds no secrets: of Spark's settings only those named here.
 *
 * @param gitCommit the commit the jar was built from; null if that is not known
 * @param gitModified whether files differed from that commit; null if that is not known
 * @param command the command line; null if the run was not started by one
 * @param manifest the manifest's URI; null if there is none
 * @param manifestHash SHA-256 of the manifest's text
 * @param startedAt in UTC
 * @param finishedAt in UTC
 * @param master Spark's master
 * @param deployMode {@code client} or {@code cluster}
 * @param applicationId Spark's name for the run
 * @param resources settings of driver and executors that are set
 * @param stages how long each stage took that ran, in their order
 */
public record Provenance(
    String gitCommit,
    Boolean gitModified,
    String command,
    String manifest,
    String manifestHash,
    String startedAt,
    String finishedAt,
    String master,
    String deployMode,
    String applicationId,
    Map<String, String> resources,
    List<StageTime> stages) {

  private static final List<String> RESOURCES =
      List.of(
          "spark.default.parallelism",
          "spark.driver.cores",
          "spark.driver.memory",
          "spark.driver.memoryOverhead",
          "spark.dynamicAllocation.enabled",
          "spark.dynamicAllocation.maxExecutors",
          "spark.dynamicAllocation.minExecutors",
          "spark.executor.cores",
          "spark.executor.instances",
          "spark.executor.memory",
          "spark.executor.memoryOverhead",
          "spark.intruders.task.memory",
          "spark.speculation",
          "spark.sql.shuffle.partitions",
          "spark.task.cpus",
          "spark.task.maxFailures");

  /** One stage that ran. */
  public record StageTime(String stage, double seconds) {}

  /**
   * As it stands now.
   *
   * @param seconds how long each stage took
   */
  public static Provenance of(
      SparkSession spark, JobConfig config, Instant startedAt, Map<String, Double> seconds) {
    SparkConf conf = spark.sparkContext().conf();
    Map<String, String> resources = new TreeMap<>();
    for (String key : RESOURCES) {
      if (conf.contains(key)) {
        resources.put(key, conf.get(key));
      }
    }
    return new Provenance(
        Build.commit().orElse(null),
        Build.modified().orElse(null),
        config.invocation().command(),
        config.invocation().manifestUri(),
        config.manifest().contentHash(),
        startedAt.truncatedTo(ChronoUnit.SECONDS).toString(),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        spark.sparkContext().master(),
        spark.sparkContext().deployMode(),
        spark.sparkContext().applicationId(),
        resources,
        seconds.entrySet().stream()
            .map(
                stage ->
                    new StageTime(stage.getKey(), Math.round(stage.getValue() * 1000) / 1000.0))
            .toList());
  }
}
