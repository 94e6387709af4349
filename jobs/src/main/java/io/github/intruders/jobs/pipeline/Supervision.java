package io.github.intruders.jobs.pipeline;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.listener.Listeners;
import io.github.intruders.jobs.listener.RunFindings;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.store.LeftOvers;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.store.Tables;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Names a run and tells of its progress while work is done. */
final class Supervision {
  private static final DateTimeFormatter RUN_TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final SparkSession spark;
  private final JobConfig config;

  /**
   * @param spark stays open
   */
  Supervision(SparkSession spark, JobConfig config) {
    this.spark = spark;
    this.config = config;
  }

  /** What is done. */
  @FunctionalInterface
  interface Work<T> {
    T with(RunContext run) throws IOException;
  }

  /** A name for a run. */
  static String newRunId(Instant startedAt) {
    return RUN_TIME.format(startedAt) + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /**
   * Does it.
   *
   * @param stages in their order
   */
  <T> T of(List<String> stages, Work<T> work) throws IOException {
    Instant startedAt = Instant.now();
    String runId = newRunId(startedAt);
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    try (JobProgress progress = JobProgress.open(spark.sparkContext(), runId, stages)) {
      try {
        return work.with(
            new RunContext(
                spark,
                context,
                TaskStorage.of(context),
                config,
                runId,
                startedAt,
                progress,
                new RunFindings()));
      } catch (Exception e) { // Spark throws checked exceptions without declaring them
        progress.explain(e);
        throw e;
      }
    }
  }

  /**
   * Does it, and tells the listeners.
   *
   * @param command as they are told it
   */
  <T> T told(String command, List<String> stages, Work<T> work) throws IOException {
    return told(command, stages, Telling::inputs, work);
  }

  /**
   * The same.
   *
   * @param inputs the URIs of what it reads, if they are not those of the manifest
   */
  <T> T told(String command, List<String> stages, Work<List<String>> inputs, Work<T> work)
      throws IOException {
    Listeners listeners = Listeners.open(config.listeners());
    return of(
        stages,
        run ->
            new Telling(listeners, run.findings())
                .around(() -> Telling.start(command, run, inputs.with(run)), () -> work.with(run)));
  }

  /** Begins what a run changes in the tables. */
  static TableChanges changes(RunContext run) {
    LeftOvers.clear(run.storage().open(), run.config().outUri(), run.startedAt());
    return tables(run).change(run.runId());
  }

  /** Makes it visible to all. */
  static void publish(RunContext run, TableChanges changes) {
    run.progress().describe("publishing the tables");
    changes.commit();
    Telling.wrote(run.config(), tables(run), changes, run.findings());
  }

  /** The tables of a run. */
  static Tables tables(RunContext run) {
    return Tables.in(run.config().tables(), run.spark(), run.storage().open());
  }
}
