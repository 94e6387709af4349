package io.github.intruders.jobs.forgetting;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.forgetting.CheckpointNames;
import io.github.intruders.forgetting.Configuration;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MetricComparison;
import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.forgetting.MetricsFiles;
import io.github.intruders.forgetting.MetricsReader;
import io.github.intruders.forgetting.MetricsReading;
import io.github.intruders.forgetting.MitigationEffect;
import io.github.intruders.forgetting.Retention;
import io.github.intruders.forgetting.SequenceValue;
import io.github.intruders.forgetting.TaskMatrix;
import io.github.intruders.forgetting.TaskNames;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.LadderLine;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.ForgettingTable;
import io.github.intruders.jobs.table.LadderTable;
import io.github.intruders.jobs.table.MetricsTable;
import io.github.intruders.jobs.table.MitigationEffectsTable;
import io.github.intruders.jobs.table.SeedsTable;
import io.github.intruders.jobs.table.TransferTable;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Reads the metrics files in tasks, compares metric by metric with the base, and correlates in
 * tasks too, one group of checkpoints each. The driver holds names and one record per checkpoint.
 */
public final class ForgettingStage {
  /** The stage, where progress is told. */
  public static final String NAME = "forgetting";

  /** Reading metrics, then four tables. */
  private static final int STEPS = 5;

  private static final int MAX_TASKS = 1000;

  private static final Logger LOG = LoggerFactory.getLogger(ForgettingStage.class);

  private final RunContext run;
  private final Manifest manifest;
  private final MetricDirections directions;

  public ForgettingStage(RunContext run, MetricDirections directions) {
    this.run = run;
    this.manifest = run.config().manifest();
    this.directions = directions;
  }

  /**
   * Runs the stage and writes its tables.
   *
   * @param checkpoints what is told of those of the manifest's base
   * @param rejects takes what can't be used
   * @throws UserInputException if the user speaks of a metric that is in no file, or if anything
   *     can't be used and the run is to fail then
   */
  public Forgetting run(
      Collection<CheckpointResult> checkpoints, RunRejects rejects, TableChanges changes)
      throws IOException {
    StageCounters counters = run.progress().begin(NAME, "steps", STEPS);
    List<Rejection> onDriver = new ArrayList<>();
    List<String> files = files(onDriver);
    run.progress().describe("reading %d metrics files".formatted(files.size()));
    JavaRDD<MetricsReading> readings =
        run.context()
            .parallelize(files, Math.max(1, Math.min(files.size(), MAX_TASKS)))
            .map(new ReadMetrics(run.storage(), CheckpointNames.of(manifest)))
            .persist(StorageLevel.MEMORY_AND_DISK());
    JavaRDD<MetricComparison> comparisons =
        comparisons(readings).persist(StorageLevel.MEMORY_AND_DISK());
    Map<String, ScannedCheckpoint> scanned = ScannedCheckpoint.of(manifest, checkpoints);
    JavaRDD<MeasuredForgetting> measured =
        comparisons.flatMap(comparison -> comparison.measured().iterator());
    Broadcast<Map<String, ScannedCheckpoint>> known = run.context().broadcast(scanned);
    JavaRDD<CorrelationLine> lines =
        correlations(measured, known).persist(StorageLevel.MEMORY_AND_DISK());
    JavaRDD<LadderLine> ladder =
        comparisons
            .flatMap(new ClimbLadder(manifest.baseId(), known))
            .persist(StorageLevel.MEMORY_AND_DISK());
    JavaRDD<Retention> transfer = transfer(measured).persist(StorageLevel.MEMORY_AND_DISK());
    Runnable release =
        () -> {
          readings.unpersist();
          comparisons.unpersist();
          lines.unpersist();
          ladder.unpersist();
          transfer.unpersist();
        };
    try {
      Tally tally =
          readings
              .map(reading -> tally(one -> one.read().add(reading)))
              .union(comparisons.map(comparison -> tally(one -> one.compared().add(comparison))))
              .union(
                  lines
                      .filter(CorrelationLine::isTold)
                      .map(line -> tally(one -> one.told().add(line))))
              .aggregate(new Tally(), Tally::with, Tally::with);
      MetricCounts read = tally.read();
      MetricCounts compared = tally.compared();
      if (!read.metrics().isEmpty()) {
        directions.requireKnown(read.metrics());
      }
      counters.finished(1);
      onDriver.addAll(notScanned(compared.checkpoints(), scanned.keySet()));
      EvaluatedEdits edits = new EvaluatedEdits(manifest);
      Set<String> edited = edits.sources(compared.checkpoints());
      long before = rejects.count();
      addRejects(onDriver, readings, read, comparisons, compared, rejects);
      Forgetting result =
          new Forgetting(
              manifest.baseId(),
              measured,
              lines,
              ladder,
              transfer,
              edited.isEmpty() ? null : edits.effects(run.context(), measured),
              tally.told(),
              compared.measured(),
              rejects.count() - before,
              firstReason(onDriver, readings, read, comparisons, compared),
              release);
      run.progress().rejected(result.rejected());
      if (result.rejected() > 0 && run.config().onError() == JobConfig.OnError.FAIL) {
        throw UserInputException.of(RejectCode.METRIC_INVALID, result.firstReason());
      }
      boolean none =
          scanned.entrySet().stream()
              .noneMatch(
                  of ->
                      compared.checkpoints().contains(of.getKey())
                          && !of.getValue().measures().isEmpty());
      write(result, none, compared.checkpoints(), changes, counters);
      writeSeeds(scanned, measured, changes);
      writeEffects(result, edited, changes);
      return result;
    } catch (Exception e) { // Spark throws checked ones that it does not declare
      release.run();
      throw e;
    }
  }

  private static Tally tally(Consumer<Tally> add) {
    Tally tally = new Tally();
    add.accept(tally);
    return tally;
  }

  /** The task × step matrix of each sequence. */
  private JavaRDD<Retention> transfer(JavaRDD<MeasuredForgetting> measured) {
    Map<String, Map<Integer, String>> steps = new TreeMap<>();
    Map<String, CheckpointSpec> specs = new HashMap<>();
    Set<String> tasks = new TreeSet<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      if (spec.sequence() != null) {
        specs.put(spec.id(), spec);
        steps
            .computeIfAbsent(spec.sequence(), unseen -> new TreeMap<>())
            .put(spec.step(), spec.task());
        if (spec.task() != null) {
          tasks.add(spec.task());
        }
      }
    }
    TaskNames names = TaskNames.of(tasks);
    return measured
        .filter(one -> specs.containsKey(one.checkpointId()))
        .mapToPair(
            one -> {
              CheckpointSpec spec = specs.get(one.checkpointId());
              return new Tuple2<>(
                  spec.sequence(),
                  new SequenceValue(spec.sequence(), spec.step(), spec.task(), one));
            })
        .groupByKey(run.context().defaultParallelism())
        .flatMap(
            sequence ->
                TaskMatrix.of(list(sequence._2()), steps.get(sequence._1()), names).iterator());
  }

  private JavaRDD<MetricComparison> comparisons(JavaRDD<MetricsReading> readings) {
    String baseId = manifest.baseId();
    MetricDirections said = directions;
    return readings
        .flatMap(reading -> reading.values().iterator())
        .mapToPair(value -> new Tuple2<>(value.metric(), value))
        .groupByKey(run.context().defaultParallelism())
        .map(metric -> MetricComparison.of(metric._1(), list(metric._2()), baseId, said));
  }

  private void write(
      Forgetting result,
      boolean none,
      Set<String> withMetrics,
      TableChanges changes,
      StageCounters counters)
      throws IOException {
    changes.replace(
        MetricsTable.TABLE,
        run.byKey(result.measured(), MeasuredForgetting::checkpointId, withMetrics.size())
            .map(MetricsTable::toRow),
        withMetrics,
        manifest.checkpointIds().stream().filter(id -> !withMetrics.contains(id)).toList());
    counters.finished(1);
    List<String> base = List.of(manifest.baseId());
    changes.replace(
        ForgettingTable.TABLE,
        result.lines().coalesce(1).map(ForgettingTable::toRow),
        none ? List.of() : base,
        none ? base : List.of());
    counters.finished(1);
    changes.replace(
        LadderTable.TABLE,
        result.ladder().coalesce(1).map(LadderTable::toRow),
        none ? List.of() : base,
        none ? base : List.of());
    counters.finished(1);
    writeTransfer(result, withMetrics, changes);
    counters.finished(1);
  }

  private void writeSeeds(
      Map<String, ScannedCheckpoint> scanned,
      JavaRDD<MeasuredForgetting> measured,
      TableChanges changes)
      throws IOException {
    Map<String, Configuration> configurations = Seeds.of(manifest);
    List<String> base = List.of(manifest.baseId());
    if (!configurations.isEmpty()) {
      changes.replace(
          SeedsTable.TABLE,
          Seeds.lines(run.context(), manifest.baseId(), configurations, scanned, measured)
              .map(SeedsTable::toRow),
          base,
          List.of());
    } else if (changes.seen().keys(SeedsTable.TABLE).contains(manifest.baseId())) {
      changes.replace(SeedsTable.TABLE, run.context().emptyRDD(), List.of(), base);
    }
  }

  private void writeEffects(Forgetting result, Set<String> edited, TableChanges changes)
      throws IOException {
    Set<String> without = new TreeSet<>(changes.seen().keys(MitigationEffectsTable.TABLE));
    without.retainAll(manifest.checkpointIds());
    without.removeAll(edited);
    if (!edited.isEmpty()) {
      changes.replace(
          MitigationEffectsTable.TABLE,
          run.byKey(result.effects(), MitigationEffect::checkpointId, edited.size())
              .map(MitigationEffectsTable::toRow),
          edited,
          without);
    } else if (!without.isEmpty()) {
      changes.replace(MitigationEffectsTable.TABLE, run.context().emptyRDD(), List.of(), without);
    }
  }

  private void writeTransfer(Forgetting result, Set<String> withMetrics, TableChanges changes)
      throws IOException {
    Set<String> measured = new TreeSet<>();
    Set<String> without = new TreeSet<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      if (spec.sequence() != null) {
        (withMetrics.contains(spec.id()) ? measured : without).add(spec.sequence());
      }
    }
    without.removeAll(measured);
    changes.replace(
        TransferTable.TABLE, result.transfer().map(TransferTable::toRow), measured, without);
  }

  private void addRejects(
      List<Rejection> onDriver,
      JavaRDD<MetricsReading> readings,
      MetricCounts read,
      JavaRDD<MetricComparison> comparisons,
      MetricCounts compared,
      RunRejects rejects) {
    rejects.add(onDriver);
    rejects.add(readings.flatMap(reading -> reading.rejections().iterator()), read.rejected());
    rejects.add(
        comparisons.flatMap(comparison -> comparison.rejections().iterator()), compared.rejected());
  }

  private static String firstReason(
      List<Rejection> onDriver,
      JavaRDD<MetricsReading> readings,
      MetricCounts read,
      JavaRDD<MetricComparison> comparisons,
      MetricCounts compared) {
    if (!onDriver.isEmpty()) {
      return onDriver.get(0).message();
    }
    if (!read.rejected().isEmpty()) {
      return readings.flatMap(reading -> reading.rejections().iterator()).first().message();
    }
    return compared.rejected().isEmpty()
        ? null
        : comparisons.flatMap(comparison -> comparison.rejections().iterator()).first().message();
  }

  /** What an earlier run left out of these metrics; that of other manifests is not ours to drop. */
  public static Column staleRejects(Manifest manifest) {
    List<String> ids = new ArrayList<>(List.of(manifest.baseId()));
    ids.addAll(manifest.checkpointIds());
    Column ours = col("checkpoint_id").isin(ids.toArray());
    for (String uri : manifest.metrics()) {
      // Names in a metrics file that no checkpoint has.
      ours = ours.or(coalesce(col("file").startsWith(uri), lit(false)));
    }
    return col("code").equalTo(RejectCode.METRIC_INVALID.name()).and(ours);
  }

  private List<String> files(List<Rejection> missing) throws IOException {
    Storage driver = run.storage().open();
    Set<String> files = new LinkedHashSet<>();
    for (String uri : manifest.metrics()) {
      try {
        MetricsFiles found = MetricsReader.files(driver, uri);
        files.addAll(found.files());
        found.note().ifPresent(note -> LOG.warn("Metrics below {}: {}", uri, note));
      } catch (UserInputException e) {
        missing.add(
            new Rejection(manifest.baseId(), null, uri, RejectCode.METRIC_INVALID, e.getMessage()));
      }
    }
    return List.copyOf(files);
  }

  private List<Rejection> notScanned(Set<String> withMetrics, Set<String> scanned) {
    return manifest.checkpointIds().stream()
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

  private JavaRDD<CorrelationLine> correlations(
      JavaRDD<MeasuredForgetting> measured, Broadcast<Map<String, ScannedCheckpoint>> known) {
    return measured
        .filter(one -> known.value().containsKey(one.checkpointId()))
        .flatMapToPair(
            one -> {
              ScannedCheckpoint checkpoint = known.value().get(one.checkpointId());
              List<Tuple2<CorrelateLine.Group, CorrelateLine.Point>> points = new ArrayList<>();
              checkpoint
                  .measures()
                  .forEach(
                      (measure, value) -> {
                        for (String grouping : checkpoint.groupings()) {
                          points.add(point(one, measure, value, checkpoint, grouping, null));
                        }
                        checkpoint
                            .groups()
                            .forEach(
                                (tag, group) ->
                                    points.add(
                                        point(
                                            one,
                                            measure,
                                            value,
                                            checkpoint,
                                            "between=" + tag,
                                            group)));
                      });
              return points.iterator();
            })
        .groupByKey(run.context().defaultParallelism())
        .flatMap(new CorrelateLine(manifest.baseId()));
  }

  private static Tuple2<CorrelateLine.Group, CorrelateLine.Point> point(
      MeasuredForgetting one,
      String measure,
      double value,
      ScannedCheckpoint checkpoint,
      String grouping,
      String group) {
    return new Tuple2<>(
        new CorrelateLine.Group(one.metric(), measure, grouping),
        new CorrelateLine.Point(
            checkpoint.place(), value, one.forgetting(), checkpoint.incomplete(), group));
  }

  private static <T> List<T> list(Iterable<T> values) {
    List<T> list = new ArrayList<>();
    values.forEach(list::add);
    return list;
  }
}
