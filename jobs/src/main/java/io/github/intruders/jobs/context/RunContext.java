package io.github.intruders.jobs.context;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.listener.RunFindings;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.session.TaskStorage;
import java.time.Instant;
import java.util.List;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * What every stage of a run works with.
 *
 * @param spark the session; whoever opened it closes it
 * @param context of the same session
 * @param storage as tasks reach it
 * @param config what was asked for
 * @param runId names the run; the rows that it writes carry it
 * @param startedAt when the run began
 * @param progress is told how far each stage is
 * @param findings what those who listen are told at the end
 */
public record RunContext(
    SparkSession spark,
    JavaSparkContext context,
    TaskStorage storage,
    JobConfig config,
    String runId,
    Instant startedAt,
    JobProgress progress,
    RunFindings findings) {

  /** Wall time so far, in seconds, to the millisecond. */
  public double seconds() {
    return (Instant.now().toEpochMilli() - startedAt.toEpochMilli()) / 1e3;
  }

  /**
   * What belongs together in one partition.
   *
   * @param keys how many there are; no more partitions are made
   */
  public <T> JavaRDD<T> byKey(JavaRDD<T> all, Function<T, String> key, int keys) {
    int partitions = Math.max(1, Math.min(keys, context.defaultParallelism()));
    return all.mapToPair(one -> new Tuple2<>(key.call(one), one))
        .partitionBy(new HashPartitioner(partitions))
        .values();
  }

  /** Rows that the driver holds, each by itself, spread over the cores. */
  public JavaRDD<Row> rows(List<Row> rows) {
    return context.parallelize(
        rows, Math.max(1, Math.min(rows.size(), context.defaultParallelism())));
  }
}
