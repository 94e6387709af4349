package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.LedgerReading;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.PairFunction;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Edits what the ledger does not hold yet, one task per base matrix, each serving all checkpoints
 * of its matrix; then writes the edited models, one task per file.
 */
public final class MitigationStage {
  /** The stage that edits, where progress is told. */
  public static final String NAME = "mitigation";

  /** The stage that writes models. */
  public static final String MODELS = "models";

  private final RunContext run;
  private final JavaSparkContext context;
  private final TaskStorage storage;
  private final JobConfig config;
  private final MitigationSettings settings;
  private final String runId;

  public MitigationStage(RunContext run, MitigationSettings settings) {
    this.run = run;
    this.context = run.context();
    this.storage = run.storage();
    this.config = run.config();
    this.settings = settings;
    this.runId = run.runId();
  }

  /**
   * What the stage has done.
   *
   * @param entries the ledger's entries of exactly these plans, each once; those of a checkpoint in
   *     one partition
   * @param rejected what tasks could not edit
   * @param rejections models that could not be written
   */
  public record Result(
      JavaRDD<MitigationEntry> entries, JavaRDD<Rejection> rejected, List<Rejection> rejections) {}

  /**
   * Refuses output folders that lie over an input.
   *
   * @throws io.github.intruders.input.UserInputException naming both
   */
  public void requireFreeOutput(BasePlan base) {
    ModelFolder.requireFree(
        storage.open(), config.outUri(), base.uri(), config.manifest().checkpoints(), settings);
  }

  /** Runs the stage. */
  public Result run(RunPlan plan) throws IOException {
    JavaPairRDD<String, MatrixPlan> planned = planned(plan.checkpoints());
    edit(plan, planned);
    JavaRDD<Rejection> rejected = rejected();
    List<Rejection> rejections = write(plan.checkpoints(), rejected.collect());
    return new Result(entries(planned), rejected, rejections);
  }

  private JavaRDD<Rejection> rejected() throws IOException {
    return LedgerReading.rejections(context, storage, ledger().rejectFiles());
  }

  private Ledger<MitigationEntry> ledger() {
    return Ledger.ofMitigation(storage.open(), config.outUri(), runId);
  }

  private JavaRDD<MitigationEntry> entries(JavaPairRDD<String, MatrixPlan> planned)
      throws IOException {
    LedgerReading reading = new LedgerReading(context, storage, config.outUri());
    return reading
        .lines(ledger().taskFiles())
        .mapToPair(line -> new Tuple2<>(line.key(), line.json()))
        .join(planned.mapValues(one -> true).distinct())
        .map(line -> Ledger.parse(line._2()._1(), MitigationEntry.class))
        .mapToPair(entry -> new Tuple2<>(entry.key() + "\n" + entry.variant(), entry))
        .reduceByKey((one, same) -> one)
        .values()
        .mapToPair(entry -> new Tuple2<>(entry.checkpointId(), entry))
        .partitionBy(new HashPartitioner(context.defaultParallelism()))
        .values();
  }

  /** How many matrices of each checkpoint the ledger does not hold yet. */
  public Map<String, Long> toDoByCheckpoint(RunPlan plan) throws IOException {
    LedgerReading reading = new LedgerReading(context, storage, config.outUri());
    return pending(planned(plan.checkpoints()), reading)
        .values()
        .map(MatrixPlan::checkpointId)
        .countByValue();
  }

  private JavaPairRDD<String, MatrixPlan> planned(JavaRDD<CheckpointPlan> checkpoints) {
    return checkpoints
        .flatMap(plan -> plan.matrices().iterator())
        .mapToPair(new KeyOf(config, settings));
  }

  private void edit(RunPlan plan, JavaPairRDD<String, MatrixPlan> planned) throws IOException {
    context.setJobDescription("mitigation: looking for finished work");
    LedgerReading reading = new LedgerReading(context, storage, config.outUri());
    JavaPairRDD<String, MatrixPlan> pending = pending(planned, reading).cache();
    try {
      long count = pending.count();
      if (!reading.settle()) {
        edit(plan, planned); // what was set aside is made again
        return;
      }
      StageCounters counters = run.progress().begin(NAME, "matrices", count);
      pending
          .mapToPair(entry -> new Tuple2<>(entry._2().base().name(), entry._2()))
          .groupByKey(plan.base().matrices().size())
          .foreachPartition(
              new MitigateMatrices(
                  storage, plan.broadcastBase(), config, settings, runId, counters));
    } finally {
      pending.unpersist();
    }
  }

  /** What the ledger does not hold yet. */
  private JavaPairRDD<String, MatrixPlan> pending(
      JavaPairRDD<String, MatrixPlan> planned, LedgerReading reading) throws IOException {
    return planned.subtractByKey(
        reading.lines(ledger().taskFiles()).mapToPair(line -> new Tuple2<>(line.key(), true)));
  }

  private List<Rejection> write(JavaRDD<CheckpointPlan> checkpoints, List<Rejection> leftOut) {
    context.setJobDescription("models: looking at what was left out");
    Set<String> rejectedMatrices = new HashSet<>();
    Set<String> rejectedCheckpoints = new HashSet<>();
    for (Rejection one : leftOut) {
      rejectedMatrices.add(rejectKey(one.checkpointId(), one.matrix()));
      rejectedCheckpoints.add(one.checkpointId());
    }
    Broadcast<Set<String>> rejected = context.broadcast(rejectedMatrices);
    JavaRDD<ModelSource> models =
        checkpoints
            .filter(plan -> !plan.matrices().isEmpty())
            .map(new LookAt(storage, rejectedCheckpoints))
            .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      List<Rejection> rejections =
          new ArrayList<>(
              models
                  .filter(model -> model.rejection() != null)
                  .map(ModelSource::rejection)
                  .collect());
      JavaRDD<ModelFile> files = models.flatMap(new FilesOf(config, settings));
      context.setJobDescription("models: clearing the output folders");
      files.foreach(new PrepareFolder(storage, config));
      long count = files.count();
      StageCounters counters = run.progress().begin(MODELS, "files", count);
      run.progress().describe("writing %d files".formatted(count));
      Map<String, Boolean> whole = new HashMap<>();
      Set<String> told = new TreeSet<>();
      for (WriteModelFile.Result result :
          files
              .repartition((int) Math.max(1, Math.min(count, 10_000)))
              .map(new WriteModelFile(storage, config, settings, rejected, counters))
              .collect()) {
        String model = rejectKey(result.checkpointId(), result.variant());
        whole.merge(model, result.rejection() == null, Boolean::logicalAnd);
        if (result.rejection() != null && told.add(result.rejection().toString())) {
          rejections.add(result.rejection());
        }
      }
      Set<String> finished = new HashSet<>(whole.keySet());
      finished.removeIf(model -> !whole.get(model));
      run.progress().describe("marking what is whole");
      files.foreach(new FinishFolder(storage, config, settings, finished));
      return rejections;
    } finally {
      models.unpersist();
      rejected.unpersist();
    }
  }

  /** Names a matrix of a checkpoint, or a variant of it. */
  static String rejectKey(String checkpointId, String name) {
    return checkpointId + "\n" + name;
  }

  /** Executor work: names a piece of work. */
  private static final class KeyOf implements PairFunction<MatrixPlan, String, MatrixPlan> {
    private static final long serialVersionUID = 1L;

    private final ScanSettings scan;
    private final MitigationSettings settings;

    KeyOf(JobConfig config, MitigationSettings settings) {
      this.scan = config.settings();
      this.settings = settings;
    }

    @Override
    public Tuple2<String, MatrixPlan> call(MatrixPlan plan) {
      return new Tuple2<>(MitigationEntry.key(plan, scan, settings), plan);
    }
  }

  /** Executor work: what a checkpoint is made of. */
  private static final class LookAt implements Function<CheckpointPlan, ModelSource> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage taskStorage;
    private final Set<String> rejectedCheckpoints;

    LookAt(TaskStorage taskStorage, Set<String> rejectedCheckpoints) {
      this.taskStorage = taskStorage;
      this.rejectedCheckpoints = rejectedCheckpoints;
    }

    @Override
    public ModelSource call(CheckpointPlan plan) throws IOException {
      boolean hasRejects =
          !plan.rejections().isEmpty() || rejectedCheckpoints.contains(plan.spec().id());
      return ModelSource.of(taskStorage.open(), plan, hasRejects);
    }
  }

  /** Executor work: the files to write for a checkpoint, in all variants. */
  private static final class FilesOf implements FlatMapFunction<ModelSource, ModelFile> {
    private static final long serialVersionUID = 1L;

    private final ScanSettings scan;
    private final MitigationSettings settings;

    FilesOf(JobConfig config, MitigationSettings settings) {
      this.scan = config.settings();
      this.settings = settings;
    }

    @Override
    public Iterator<ModelFile> call(ModelSource model) {
      List<ModelFile> files = new ArrayList<>();
      List<MatrixPlan> plans = model.plan().matrices();
      for (Variant variant : settings.variants()) {
        String key = WrittenFiles.modelKey(model.identity(), variant, plans, scan, settings);
        for (String file : model.files()) {
          files.add(
              new ModelFile(
                  model.plan().spec().id(),
                  model.plan().spec().sources(),
                  model.adapter(),
                  variant,
                  key,
                  file,
                  plans.stream().filter(plan -> model.adapter() || isIn(plan, file)).toList()));
        }
      }
      return files.iterator();
    }

    private static boolean isIn(MatrixPlan plan, String file) {
      return plan.update() instanceof UpdateSource.Full full
          && full.tuned().file().endsWith("/" + file);
    }
  }

  /** Executor work: the folder of a file. */
  private static final class PrepareFolder implements VoidFunction<ModelFile> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage taskStorage;
    private final String outUri;

    PrepareFolder(TaskStorage taskStorage, JobConfig config) {
      this.taskStorage = taskStorage;
      this.outUri = config.outUri();
    }

    @Override
    public void call(ModelFile file) throws IOException {
      Storage storage = taskStorage.open();
      new ModelFolder(
              storage,
              ModelFolder.uri(storage, outUri, file.checkpointId(), file.variant()),
              file.modelKey())
          .prepare(new WrittenFiles(storage, outUri));
    }
  }

  /** Executor work: marks the folder of a file. */
  private static final class FinishFolder implements VoidFunction<ModelFile> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage taskStorage;
    private final String outUri;
    private final String baseId;
    private final ScanSettings scan;
    private final MitigationSettings settings;
    private final Set<String> finished;

    FinishFolder(
        TaskStorage taskStorage,
        JobConfig config,
        MitigationSettings settings,
        Set<String> finished) {
      this.taskStorage = taskStorage;
      this.outUri = config.outUri();
      this.baseId = config.manifest().baseId();
      this.scan = config.settings();
      this.settings = settings;
      this.finished = finished;
    }

    @Override
    public void call(ModelFile file) throws IOException {
      if (!finished.contains(rejectKey(file.checkpointId(), file.variant().name()))) {
        return;
      }
      Storage storage = taskStorage.open();
      ModelFolder folder =
          new ModelFolder(
              storage,
              ModelFolder.uri(storage, outUri, file.checkpointId(), file.variant()),
              file.modelKey());
      if (!folder.isFinished()) {
        folder.finish(file.checkpointId(), baseId, file.variant(), scan, settings);
      }
    }
  }
}
