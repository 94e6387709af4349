package io.github.intruders.jobs;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.accumulation.AccumulationStage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.cost.Outlook;
import io.github.intruders.jobs.forgetting.ForgettingStage;
import io.github.intruders.jobs.mitigation.MitigationStage;
import io.github.intruders.jobs.plan.PlanStage;
import io.github.intruders.jobs.plan.PlannedCheckpoint;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.report.DryRun;
import io.github.intruders.jobs.report.ForgettingReport;
import io.github.intruders.jobs.report.HtmlReport;
import io.github.intruders.jobs.report.MitigationSummary;
import io.github.intruders.jobs.report.MitigationSummaryReader;
import io.github.intruders.jobs.report.PlanReport;
import io.github.intruders.jobs.report.Provenance;
import io.github.intruders.jobs.report.RunEstimate;
import io.github.intruders.jobs.report.RunSummary;
import io.github.intruders.jobs.report.SummaryReader;
import io.github.intruders.jobs.scan.ScanStage;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.spectra.SpectraStage;
import io.github.intruders.jobs.table.AccumulationTable;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.ForgettingTable;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.jobs.table.LeftOvers;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.MitigationLedger;
import io.github.intruders.jobs.table.MitigationsTable;
import io.github.intruders.jobs.table.RejectsTable;
import io.github.intruders.jobs.table.ScanLedger;
import io.github.intruders.jobs.table.SimilarityTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import io.github.intruders.jobs.table.TableChanges;
import io.github.intruders.jobs.table.TableReader;
import io.github.intruders.jobs.table.Tables;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of the job: the stages in their order. Every front end, the command line, a scheduler or
 * a notebook, calls this. Uses the session it is given and leaves it open.
 */
public final class IntruderJob {
  private static final Logger LOG = LoggerFactory.getLogger(IntruderJob.class);
  private static final DateTimeFormatter RUN_TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private static final String TABLES_STAGE = "tables";
  private static final String REPORT_STAGE = "report";
  private static final List<String> SCAN_STAGES =
      List.of(PlanStage.NAME, SpectraStage.NAME, ScanStage.NAME, TABLES_STAGE);

  private final SparkSession spark;
  private final JobConfig config;
  private final JavaSparkContext context;
  private final TaskStorage storage;
  private final String runId;
  private final Instant startedAt = Instant.now();
  private final long start = System.nanoTime();

  public IntruderJob(SparkSession spark, JobConfig config) {
    this.spark = spark;
    this.config = config;
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    this.storage = TaskStorage.of(context);
    this.runId = newRunId(startedAt);
  }

  /** A name for a run. */
  static String newRunId(Instant start) {
    return RUN_TIME.format(start) + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /**
   * Pairs everything and computes nothing. The caller closes the plan.
   *
   * @throws UserInputException if the base can't be used
   */
  public RunPlan plan() throws IOException {
    return supervised(List.of(PlanStage.NAME), this::plan);
  }

  private RunPlan plan(JobProgress progress) throws IOException {
    RunPlan plan = new PlanStage(context, storage).run(config, progress);
    progress.rejected(rejected(plan));
    return plan;
  }

  /** What a run would do, in numbers. */
  public PlanReport planReport() throws IOException {
    return supervised(
        List.of(PlanStage.NAME),
        progress -> {
          try (RunPlan plan = plan(progress)) {
            return planReport(plan);
          }
        });
  }

  private PlanReport planReport(RunPlan plan) throws IOException {
    SparkConf conf = spark.sparkContext().conf();
    int cores = context.defaultParallelism();
    Outlook outlook =
        Outlook.of(
            plan.base(),
            Outlook.work(
                plan.checkpoints().flatMap(checkpoint -> checkpoint.matrices().iterator()), config),
            new SpectraStore(storage.open(), config.spectraUri()),
            config,
            TaskMemory.of(conf, cores));
    return Preflight.report(
        plan.base(),
        RunEstimate.of(outlook, config, cores, TaskMemory.tasksPerExecutor(conf, cores)),
        plan.summary(),
        rejections(plan).take(Preflight.REJECTIONS_SHOWN));
  }

  private static long rejected(RunPlan plan) {
    return Preflight.rejected(plan.base(), plan.summary());
  }

  /**
   * What {@link #scan} would do, and what it would find done; nothing is computed or written.
   *
   * @param after what would come after the scan, in words
   */
  public DryRun dryRun(List<String> after) throws IOException {
    return dryRun(
        after,
        plan -> new ScanStage(spark, storage, config, runId).toDoByCheckpoint(plan.checkpoints()));
  }

  /** What {@link #run} would do; see {@link #dryRun(List)}. */
  public DryRun dryRun() throws IOException {
    List<String> after = new ArrayList<>();
    long sequences = sequences().size();
    if (sequences > 0) {
      after.add("accumulation (sequences: %d)".formatted(sequences));
    }
    if (!config.manifest().metrics().isEmpty()) {
      after.add("forgetting (metrics URIs: %d)".formatted(config.manifest().metrics().size()));
    }
    after.add("report");
    return dryRun(after);
  }

  /** What {@link #mitigate} would do; see {@link #dryRun(List)}. */
  public DryRun dryRun(MitigationSettings settings) throws IOException {
    MitigationStage stage = new MitigationStage(spark, storage, config, settings, runId);
    return dryRun(
        List.of(
            "models %s of each checkpoint in %s"
                .formatted(
                    String.join(", ", settings.variants().stream().map(Variant::name).toList()),
                    storage.open().resolve(config.outUri(), "mitigated"))),
        plan -> {
          stage.requireFreeOutput(plan.base());
          return stage.toDoByCheckpoint(plan.checkpoints());
        });
  }

  /** Counts the matrices of a plan that are not finished, by checkpoint. */
  @FunctionalInterface
  private interface ToDo {
    Map<String, Long> of(RunPlan plan) throws IOException;
  }

  private DryRun dryRun(List<String> after, ToDo toDo) throws IOException {
    return supervised(
        List.of(PlanStage.NAME),
        progress -> {
          try (RunPlan plan = plan(progress)) {
            progress.describe("looking for finished work");
            return new DryRun(planReport(plan), toDo.of(plan), config.outUri(), after);
          }
        });
  }

  /** What is done while progress is told. */
  @FunctionalInterface
  private interface Work<T> {
    T with(JobProgress progress) throws IOException;
  }

  private <T> T supervised(List<String> stages, Work<T> work) throws IOException {
    try (JobProgress progress = JobProgress.open(spark.sparkContext(), runId, stages)) {
      try {
        return work.with(progress);
      } catch (Exception e) { // Spark throws checked exceptions without declaring them
        progress.explain(e);
        throw e;
      }
    }
  }

  /**
   * The whole pipeline: the scan, accumulation where the manifest has sequences, forgetting where
   * it has metrics. Metrics that can't be used are rejected and the rest is done.
   *
   * @param directions what the user says of the metrics
   * @throws UserInputException as {@link #scan}
   */
  public RunSummary run(MetricDirections directions) throws IOException {
    List<String> stages = new ArrayList<>(SCAN_STAGES);
    if (!sequences().isEmpty()) {
      stages.add(AccumulationStage.NAME);
    }
    if (!config.manifest().metrics().isEmpty()) {
      stages.add(ForgettingStage.NAME);
    }
    stages.add(REPORT_STAGE);
    return supervised(
        stages,
        progress -> {
          RunSummary summary;
          try (TableChanges changes = changes()) {
            summary = scan(changes, progress);
            summary = followed(summary, changes, directions, progress);
            progress.describe("publishing the tables");
            changes.commit();
          }
          write(withProvenance(summary, progress)); // the report reads it
          StageCounters counters = progress.begin(REPORT_STAGE, "pages", 1);
          String page =
              HtmlReport.write(new TableReader(tables()), storage.open(), config.outUri());
          counters.finished(1);
          progress.end();
          LOG.info("Report: {}", page);
          RunSummary whole = withProvenance(summary, progress);
          write(whole);
          return whole;
        });
  }

  private RunSummary withProvenance(RunSummary summary, JobProgress progress) {
    return summary.withProvenance(
        Provenance.of(spark, config, startedAt, progress.seconds()), seconds());
  }

  private RunSummary followed(
      RunSummary scanned, TableChanges changes, MetricDirections directions, JobProgress progress)
      throws IOException {
    RunSummary summary = scanned;
    if (!sequences().isEmpty()) {
      Accumulation accumulation = accumulate(changes, progress);
      summary = summary.withAccumulation(accumulation.steps(), accumulation.rejected(), seconds());
    }
    if (!config.manifest().metrics().isEmpty()) {
      ForgettingStage.Result result = runForgetting(changes, directions, progress);
      summary =
          summary.withForgetting(
              SummaryReader.lines(forgettingTable(changes)), result.rejected(), seconds());
    }
    return summary;
  }

  private double seconds() {
    return Math.round((System.nanoTime() - start) / 1e6) / 1e3;
  }

  /**
   * What the sequences show.
   *
   * @param steps every step of every sequence
   * @param rejected how many matrices could not be followed through a step
   */
  public record Accumulation(List<RunSummary.AccumulationStep> steps, long rejected) {}

  /**
   * Follows the intruders along the manifest's sequences, from the tables that a scan wrote.
   *
   * @throws UserInputException if there is no sequence, no scan was done, or one with other
   *     settings
   */
  public Accumulation accumulate() throws IOException {
    return supervised(
        List.of(AccumulationStage.NAME),
        progress -> {
          try (TableChanges changes = changes()) {
            Accumulation accumulation = accumulate(changes, progress);
            changes.commit();
            return accumulation;
          }
        });
  }

  private List<String> sequences() {
    return config.manifest().checkpoints().stream()
        .map(CheckpointSpec::sequence)
        .filter(Objects::nonNull)
        .distinct()
        .toList();
  }

  private Accumulation accumulate(TableChanges changes, JobProgress progress) throws IOException {
    List<String> sequences = sequences();
    if (sequences.isEmpty()) {
      throw UserInputException.of(
          RejectCode.NOTHING_TO_ANALYSE,
          "No checkpoint of the manifest has a sequence and a step to follow");
    }
    TableReader reader = new TableReader(changes.seen());
    StageCounters counters = progress.begin(AccumulationStage.NAME, "tables", 4);
    progress.describe("following intruders along %d sequences".formatted(sequences.size()));
    try (AccumulationStage.Result result =
        new AccumulationStage(spark, storage, config, runId)
            .run(reader.read(MatricesTable.NAME), reader.read(SingularVectorsTable.NAME))) {
      Dataset<Row> bySequence = result.bySequence().cache();
      List<String> unseen = without(sequences, bySequence);
      changes.replaceSequences(
          IntruderTracksTable.NAME, result.tracks(), without(sequences, result.tracks()));
      counters.finished(1);
      changes.replaceSequences(AccumulationTable.BY_MATRIX, result.byMatrix(), unseen);
      counters.finished(1);
      changes.replaceSequences(AccumulationTable.NAME, bySequence, unseen);
      counters.finished(1);
      long rejected = addRejects(changes, result.rejections());
      counters.finished(1);
      progress.rejected(rejected);
      return new Accumulation(SummaryReader.steps(bySequence), rejected);
    }
  }

  /** The sequences that have no row. */
  private static List<String> without(List<String> sequences, Dataset<Row> rows) {
    List<String> without = new ArrayList<>(sequences);
    without.removeAll(rows.select("sequence").distinct().as(Encoders.STRING()).collectAsList());
    return without;
  }

  /** Puts what this stage rejected in the place of what an earlier run of it did. */
  private long addRejects(TableChanges changes, JavaRDD<Rejection> rejections) throws IOException {
    Dataset<Row> fresh =
        spark
            .createDataFrame(rejections.map(RejectsTable::toRow), RejectsTable.SCHEMA)
            .persist(StorageLevel.MEMORY_AND_DISK());
    Object[] followed =
        config.manifest().checkpoints().stream()
            .filter(spec -> spec.sequence() != null)
            .map(CheckpointSpec::id)
            .toArray();
    try {
      changes.replaceWhere(
          spark,
          RejectsTable.NAME,
          col("code")
              .isin(RejectCode.VECTORS_MISSING.name(), RejectCode.STEP_MISSING.name())
              .and(col("checkpoint_id").isin(followed)),
          fresh);
      return fresh.count();
    } finally {
      fresh.unpersist();
    }
  }

  /** Decomposes the base matrices that the store lacks. */
  public List<SpectraStage.Result> spectra() throws IOException {
    return supervised(
        List.of(PlanStage.NAME, SpectraStage.NAME),
        progress -> {
          try (RunPlan plan = plan(progress)) {
            return spectra(plan, progress);
          }
        });
  }

  private List<SpectraStage.Result> spectra(RunPlan plan, JobProgress progress) {
    return new SpectraStage(context, storage, config.spectraUri(), config.keptSpectra())
        .run(plan.base(), plan.broadcastBase(), progress);
  }

  /**
   * Finds the intruders and writes the tables and the summary.
   *
   * @throws UserInputException if nothing can be analysed; the rejects table says why
   */
  public RunSummary scan() throws IOException {
    return supervised(
        SCAN_STAGES,
        progress -> {
          RunSummary summary;
          try (TableChanges changes = changes()) {
            summary = scan(changes, progress);
            progress.describe("publishing the tables");
            changes.commit();
          }
          progress.end();
          RunSummary whole = withProvenance(summary, progress);
          write(whole);
          return whole;
        });
  }

  private RunSummary scan(TableChanges changes, JobProgress progress) throws IOException {
    progress.expect(SummaryReader.earlierSeconds(storage.open(), config.outUri()));
    requireOwnCheckpoints(changes.seen());
    try (RunPlan plan = plan(progress)) {
      failIfAsked(plan);
      if (plan.matrices() == 0) {
        Dataset<Row> rejects = plannedRejects(plan);
        changes.replace(RejectsTable.NAME, rejects, List.of());
        changes.commit();
        throw UserInputException.of(
            RejectCode.NOTHING_TO_ANALYSE,
            "Nothing can be analysed; the first reason: "
                + rejects.first().<String>getAs("message"));
      }
      Dataset<Row> entries =
          new ScanStage(spark, storage, config, runId)
              .run(
                  plan.base(),
                  plan.broadcastBase(),
                  plan.checkpoints(),
                  plan.matrices(),
                  progress,
                  () -> spectra(plan, progress))
              .persist(StorageLevel.MEMORY_AND_DISK());
      try {
        return writeTables(plan, changes, entries, progress);
      } finally {
        entries.unpersist();
      }
    }
  }

  /**
   * Writes edited models and the table that tells what the edits do.
   *
   * @throws UserInputException if an output folder would lie over an input, or if nothing can be
   *     edited
   */
  public MitigationSummary mitigate(MitigationSettings settings) throws IOException {
    return supervised(
        List.of(PlanStage.NAME, MitigationStage.NAME, MitigationStage.MODELS, TABLES_STAGE),
        progress -> mitigate(settings, progress));
  }

  private MitigationSummary mitigate(MitigationSettings settings, JobProgress progress)
      throws IOException {
    try (TableChanges changes = changes();
        RunPlan plan = plan(progress)) {
      failIfAsked(plan);
      MitigationStage stage = new MitigationStage(spark, storage, config, settings, runId);
      stage.requireFreeOutput(plan.base());
      if (plan.matrices() == 0) {
        throw UserInputException.of(
            RejectCode.NOTHING_TO_ANALYSE,
            "Nothing can be edited; the first reason: "
                + plannedRejects(plan).first().<String>getAs("message"));
      }
      MitigationStage.Result result =
          stage.run(plan.base(), plan.broadcastBase(), plan.checkpoints(), progress);
      Dataset<Row> entries = result.entries().persist(StorageLevel.MEMORY_AND_DISK());
      try {
        StageCounters counters = progress.begin(TABLES_STAGE, "tables", 2);
        Dataset<Row> rejects =
            plannedRejects(plan)
                .unionByName(
                    new MitigationLedger(storage.open(), config.outUri(), runId).rejects(spark))
                .unionByName(
                    spark.createDataFrame(
                        result.rejections().stream().map(RejectsTable::toRow).toList(),
                        RejectsTable.SCHEMA));
        List<String> edited = ids(entries.select("checkpoint_id").distinct());
        List<String> empty =
            config.manifest().checkpoints().stream()
                .map(CheckpointSpec::id)
                .filter(id -> !edited.contains(id))
                .toList();
        changes.replace(MitigationsTable.NAME, MitigationsTable.of(entries), empty);
        counters.finished(1);
        if (!rejects.isEmpty()) {
          changes.replace(RejectsTable.NAME, rejects, List.of());
        }
        counters.finished(1);
        changes.commit();
        return new MitigationSummaryReader(storage.open(), config, settings, runId)
            .read(entries, rejects, (System.nanoTime() - start) / 1e9);
      } finally {
        entries.unpersist();
      }
    }
  }

  /**
   * Joins metrics with the checkpoints table and correlates; writes both tables.
   *
   * @throws UserInputException if there is no checkpoints table, or no metric can be used
   */
  public ForgettingReport forgetting(MetricDirections directions) throws IOException {
    if (config.manifest().metrics().isEmpty()) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "There are no metrics: give --metrics, or the key metrics of the manifest");
    }
    return supervised(List.of(ForgettingStage.NAME), progress -> forgetting(directions, progress));
  }

  private ForgettingReport forgetting(MetricDirections directions, JobProgress progress)
      throws IOException {
    try (TableChanges changes = changes()) {
      ForgettingStage.Result result = runForgetting(changes, directions, progress);
      changes.commit();
      if (result.measured() == 0) {
        throw UserInputException.of(
            RejectCode.METRIC_INVALID,
            "No metric can be used; the first reason: " + result.firstReason());
      }
      return new ForgettingReport(SummaryReader.lines(forgettingTable(changes)), result.rejected());
    }
  }

  private ForgettingStage.Result runForgetting(
      TableChanges changes, MetricDirections directions, JobProgress progress) throws IOException {
    Dataset<Row> checkpoints = changes.seen().stored(CheckpointsTable.NAME);
    ForgettingStage.Result result =
        new ForgettingStage(spark, storage, config.manifest(), directions)
            .run(checkpoints, changes, progress);
    progress.rejected(result.rejected());
    if (result.rejected() > 0 && config.onError() == JobConfig.OnError.FAIL) {
      throw UserInputException.of(RejectCode.METRIC_INVALID, result.firstReason());
    }
    return result;
  }

  private Dataset<Row> forgettingTable(TableChanges changes) throws IOException {
    return changes
        .seen()
        .stored(ForgettingTable.NAME)
        .filter(col("base_id").equalTo(config.manifest().baseId()));
  }

  private TableChanges changes() {
    LeftOvers.clear(storage.open(), config.outUri(), Instant.now());
    return tables().change(runId);
  }

  private Tables tables() {
    return Tables.in(config.tables(), spark, storage.open());
  }

  /** Many teams may write to one catalog; none replaces another one's checkpoints unasked. */
  private void requireOwnCheckpoints(Tables tables) throws IOException {
    if (!(config.tables() instanceof TablePlace.Catalog catalog)
        || !tables.has(CheckpointsTable.NAME)) {
      return;
    }
    Object[] ids = config.manifest().checkpoints().stream().map(CheckpointSpec::id).toArray();
    List<Row> foreign =
        tables
            .stored(CheckpointsTable.NAME)
            .where(
                col("checkpoint_id")
                    .isin(ids)
                    .and(col("base_id").notEqual(config.manifest().baseId())))
            .select("checkpoint_id", "base_id")
            .takeAsList(1);
    if (!foreign.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          catalog.text(),
          "Checkpoint %s is here already, tuned from base %s, not %s; give it another id, or take another --namespace"
              .formatted(
                  foreign.get(0).getString(0),
                  foreign.get(0).getString(1),
                  config.manifest().baseId()));
    }
  }

  private RunSummary writeTables(
      RunPlan plan, TableChanges changes, Dataset<Row> entries, JobProgress progress)
      throws IOException {
    StageCounters counters = progress.begin(TABLES_STAGE, "steps", 6); // the last one sums up
    Dataset<Row> rejects =
        plannedRejects(plan)
            .unionByName(new ScanLedger(storage.open(), config.outUri(), runId).rejects(spark));
    Dataset<Row> matrices = MatricesTable.of(entries);
    Dataset<Row> checkpoints =
        CheckpointsTable.of(
                spark,
                config.manifest().baseId(),
                config.manifest().checkpoints(),
                matrices,
                rejects)
            .cache();
    try {
      List<String> empty = ids(checkpoints.filter(col("matrices").equalTo(0)));
      List<String> whole = ids(checkpoints.filter(col("rejected").equalTo(0)));
      changes.replace(CheckpointsTable.NAME, checkpoints, List.of());
      counters.finished(1);
      changes.replace(MatricesTable.NAME, matrices, empty);
      counters.finished(1);
      changes.replace(SingularVectorsTable.NAME, SingularVectorsTable.of(entries), empty);
      counters.finished(1);
      changes.replace(SimilarityTable.NAME, SimilarityTable.of(entries), empty);
      counters.finished(1);
      changes.replace(RejectsTable.NAME, rejects, whole);
      counters.finished(1);
      RunSummary summary =
          new SummaryReader(spark, config, runId)
              .read(checkpoints, matrices, rejects.count(), (System.nanoTime() - start) / 1e9);
      counters.finished(1);
      return summary;
    } finally {
      checkpoints.unpersist();
    }
  }

  private void write(RunSummary summary) throws IOException {
    Storage store = storage.open();
    store.write(
        store.resolve(config.outUri(), "_summary.json"),
        out -> out.write(summary.toPrettyJson().getBytes(StandardCharsets.UTF_8)));
  }

  private JavaRDD<Rejection> rejections(RunPlan plan) {
    return context
        .parallelize(plan.base().rejections(), 1)
        .union(plan.checkpoints().flatMap(checkpoint -> checkpoint.rejections().iterator()));
  }

  private Dataset<Row> plannedRejects(RunPlan plan) {
    return spark.createDataFrame(rejections(plan).map(RejectsTable::toRow), RejectsTable.SCHEMA);
  }

  private void failIfAsked(RunPlan plan) {
    boolean rejected =
        !plan.base().rejections().isEmpty()
            || plan.summary().stream().mapToInt(PlannedCheckpoint::rejected).sum() > 0;
    if (rejected && config.onError() == JobConfig.OnError.FAIL) {
      throw UserInputException.of(
          RejectCode.NOTHING_TO_ANALYSE, plannedRejects(plan).first().getAs("message"));
    }
  }

  private static List<String> ids(Dataset<Row> checkpoints) {
    return new ArrayList<>(
        checkpoints.select("checkpoint_id").distinct().as(Encoders.STRING()).collectAsList());
  }
}
