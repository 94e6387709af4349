package io.github.intruders.jobs.forgetting;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.forgetting.CheckpointNames;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MetricComparison;
import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.forgetting.MetricValue;
import io.github.intruders.forgetting.MetricsReader;
import io.github.intruders.forgetting.MetricsReading;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.table.ForgettingTable;
import io.github.intruders.jobs.table.MetricsTable;
import io.github.intruders.jobs.table.RejectsTable;
import io.github.intruders.jobs.table.TableChanges;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Reads the metrics files in tasks, compares metric by metric with the base, and correlates in
 * tasks too, one group of checkpoints each. The driver holds names and one row per checkpoint.
 */
public final class ForgettingStage {
  /** The stage, where progress is told. */
  public static final String NAME = "forgetting";

  /** Reading metrics, then three tables. */
  private static final int STEPS = 4;

  private static final int MAX_TASKS = 1000;

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final TaskStorage storage;
  private final Manifest manifest;
  private final MetricDirections directions;

  public ForgettingStage(
      SparkSession spark, TaskStorage storage, Manifest manifest, MetricDirections directions) {
    this.spark = spark;
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    this.storage = storage;
    this.manifest = manifest;
    this.directions = directions;
  }

  /**
   * What came of it.
   *
   * @param measured rows of the metrics table
   * @param rejected how many files and entries were left out
   * @param firstReason why the first of them was, or null
   */
  public record Result(long measured, long rejected, String firstReason) {}

  /**
   * Runs the stage and writes its tables.
   *
   * @param checkpoints rows of the checkpoints table
   * @throws UserInputException if the user speaks of a metric that is in no file
   */
  public Result run(Dataset<Row> checkpoints, TableChanges tables, JobProgress progress)
      throws IOException {
    StageCounters counters = progress.begin(NAME, "steps", STEPS);
    List<Rejection> missing = new ArrayList<>();
    List<String> files = files(missing);
    progress.describe("reading %d metrics files".formatted(files.size()));
    JavaRDD<MetricsReading> readings =
        context
            .parallelize(files, Math.max(1, Math.min(files.size(), MAX_TASKS)))
            .map(new ReadMetrics(storage, CheckpointNames.of(manifest)))
            .persist(StorageLevel.MEMORY_AND_DISK());
    JavaRDD<MetricValue> values = readings.flatMap(reading -> reading.values().iterator());
    Set<String> metrics = new HashSet<>(values.map(MetricValue::metric).distinct().collect());
    if (!metrics.isEmpty()) {
      directions.requireKnown(metrics);
    }
    String baseId = manifest.baseId();
    MetricDirections said = directions;
    JavaRDD<MetricComparison> comparisons =
        values
            .mapToPair(value -> new Tuple2<>(value.metric(), value))
            .groupByKey(context.defaultParallelism())
            .map(metric -> MetricComparison.of(metric._1(), list(metric._2()), baseId, said))
            .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      counters.finished(1);
      progress.describe("correlating");
      return write(checkpoints, tables, missing, readings, comparisons, counters);
    } finally {
      comparisons.unpersist();
      readings.unpersist();
    }
  }

  private Result write(
      Dataset<Row> checkpoints,
      TableChanges tables,
      List<Rejection> missing,
      JavaRDD<MetricsReading> readings,
      JavaRDD<MetricComparison> comparisons,
      StageCounters counters)
      throws IOException {
    Map<String, ScannedCheckpoint> scanned = scanned(checkpoints);
    JavaRDD<MeasuredForgetting> measured =
        comparisons.flatMap(comparison -> comparison.measured().iterator());
    Set<String> withMetrics =
        new HashSet<>(measured.map(MeasuredForgetting::checkpointId).distinct().collect());
    List<String> without =
        manifest.checkpoints().stream()
            .map(CheckpointSpec::id)
            .filter(id -> !withMetrics.contains(id))
            .toList();
    missing.addAll(notScanned(withMetrics, scanned.keySet()));
    JavaRDD<Rejection> rejections =
        context
            .parallelize(missing, 1)
            .union(readings.flatMap(reading -> reading.rejections().iterator()))
            .union(comparisons.flatMap(comparison -> comparison.rejections().iterator()));
    Dataset<Row> rejects =
        spark.createDataFrame(rejections.map(RejectsTable::toRow), RejectsTable.SCHEMA);
    tables.replace(
        MetricsTable.NAME,
        spark.createDataFrame(measured.map(MetricsTable::toRow), MetricsTable.SCHEMA),
        without);
    counters.finished(1);
    tables.replaceOfBase(
        ForgettingTable.NAME,
        spark.createDataFrame(correlations(measured, scanned), ForgettingTable.SCHEMA),
        manifest.baseId());
    counters.finished(1);
    tables.replaceWhere(
        spark,
        RejectsTable.NAME,
        functions.col("code").equalTo(RejectCode.METRIC_INVALID.name()).and(ofThisManifest()),
        rejects);
    counters.finished(1);
    List<Rejection> first = rejections.take(1);
    return new Result(
        measured.count(), rejections.count(), first.isEmpty() ? null : first.get(0).message());
  }

  /** Rejects of other manifests in the same tables are not ours to drop. */
  private Column ofThisManifest() {
    List<String> ids = new ArrayList<>(List.of(manifest.baseId()));
    manifest.checkpoints().forEach(spec -> ids.add(spec.id()));
    Column ours = functions.col("checkpoint_id").isin(ids.toArray());
    for (String uri : manifest.metrics()) {
      // Names in a metrics file that no checkpoint has.
      ours =
          ours.or(functions.coalesce(functions.col("file").startsWith(uri), functions.lit(false)));
    }
    return ours;
  }

  private List<String> files(List<Rejection> missing) throws IOException {
    Storage driver = storage.open();
    Set<String> files = new LinkedHashSet<>();
    for (String uri : manifest.metrics()) {
      try {
        files.addAll(MetricsReader.files(driver, uri));
      } catch (UserInputException e) {
        missing.add(
            new Rejection(manifest.baseId(), null, uri, RejectCode.METRIC_INVALID, e.getMessage()));
      }
    }
    return List.copyOf(files);
  }

  private Map<String, ScannedCheckpoint> scanned(Dataset<Row> checkpoints) {
    return ScannedCheckpoint.of(
        manifest,
        checkpoints.filter(functions.col("base_id").equalTo(manifest.baseId())).collectAsList());
  }

  private List<Rejection> notScanned(Set<String> withMetrics, Set<String> scanned) {
    return manifest.checkpoints().stream()
        .map(CheckpointSpec::id)
        .filter(id -> withMetrics.contains(id) && !scanned.contains(id))
        .map(
            id ->
                new Rejection(
                    id,
                    null,
                    null,
                    RejectCode.METRIC_INVALID,
                    "Checkpoint %s has metrics but was not scanned against base %s; run scan first"
                        .formatted(id, manifest.baseId())))
        .toList();
  }

  private JavaRDD<Row> correlations(
      JavaRDD<MeasuredForgetting> measured, Map<String, ScannedCheckpoint> scanned) {
    Broadcast<Map<String, ScannedCheckpoint>> known = context.broadcast(scanned);
    return measured
        .filter(one -> known.value().containsKey(one.checkpointId()))
        .flatMapToPair(
            one -> {
              ScannedCheckpoint checkpoint = known.value().get(one.checkpointId());
              List<Tuple2<ForgettingTable.Line, CorrelateLine.Point>> points = new ArrayList<>();
              checkpoint
                  .measures()
                  .forEach(
                      (measure, value) -> {
                        for (String grouping : checkpoint.groupings()) {
                          points.add(
                              new Tuple2<>(
                                  new ForgettingTable.Line(one.metric(), measure, grouping),
                                  new CorrelateLine.Point(
                                      checkpoint.place(),
                                      value,
                                      one.forgetting(),
                                      checkpoint.incomplete())));
                        }
                      });
              return points.iterator();
            })
        .groupByKey(context.defaultParallelism())
        .flatMap(new CorrelateLine(manifest.baseId()));
  }

  private static List<MetricValue> list(Iterable<MetricValue> values) {
    List<MetricValue> list = new ArrayList<>();
    values.forEach(list::add);
    return list;
  }
}
