package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.LedgerReading;
import io.github.intruders.jobs.ledger.MatrixTasks;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.mitigation.CheckpointEditor;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.mitigation.WrittenFolder;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.PairFunction;
import org.apache.spark.api.java.function.VoidFunction;
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
   * @param entries the ledger's entries of exactly these plans, each once, but for models that are
   *     not there; those of a checkpoint in one partition
   * @param rejections what could not be edited, and models that could not be written
   */
  public record Result(JavaRDD<MitigationEntry> entries, List<Rejection> rejections) {}

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
    List<Rejection> rejections = new ArrayList<>(rejected());
    Written written = write(plan, rejections);
    rejections.addAll(written.rejections());
    return new Result(entries(planned).filter(new IsWritten(written.unwritten())), rejections);
  }

  /**
   * What became of the models.
   *
   * @param rejections why some could not be written
   * @param unwritten those that are not there, see {@link #modelName}
   */
  private record Written(List<Rejection> rejections, Set<String> unwritten) {}

  /** Executor work: leaves out the entries of models that are not there. */
  private record IsWritten(Set<String> unwritten) implements Function<MitigationEntry, Boolean> {
    @Override
    public Boolean call(MitigationEntry entry) {
      return !unwritten.contains(modelName(entry.checkpointId(), entry.variant()));
    }
  }

  /** What tasks could not edit. */
  private List<Rejection> rejected() throws IOException {
    List<String> files = ledger().rejectFiles();
    return files.isEmpty()
        ? List.of()
        : LedgerReading.rejections(context, storage, files).collect();
  }

  private Ledger<MitigationEntry> ledger() {
    return Ledger.ofMitigation(storage.open(), config.outUri(), runId);
  }

  private JavaRDD<MitigationEntry> entries(JavaPairRDD<String, MatrixPlan> planned)
      throws IOException {
    LedgerReading reading = new LedgerReading(context, storage, config.outUri());
    JavaRDD<MitigationEntry> entries =
        reading
            .lines(ledger().files().tasks())
            .mapToPair(line -> new Tuple2<>(line.key(), line.json()))
            .join(planned.mapValues(one -> true).distinct())
            .map(line -> Ledger.parse(line._2()._1(), MitigationEntry.class))
            .mapToPair(entry -> new Tuple2<>(entry.key() + "\n" + entry.variant(), entry))
            .reduceByKey((one, same) -> one)
            .values();
    return run.byKey(
        entries, MitigationEntry::checkpointId, config.manifest().checkpoints().size());
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
              new MatrixTasks<>(
                  storage,
                  plan.broadcastBase(),
                  new MitigateMatrices(config, settings, runId, counters)));
    } finally {
      pending.unpersist();
    }
  }

  /** What the ledger does not hold yet. */
  private JavaPairRDD<String, MatrixPlan> pending(
      JavaPairRDD<String, MatrixPlan> planned, LedgerReading reading) throws IOException {
    return planned.subtractByKey(
        reading.lines(ledger().files().tasks()).mapToPair(line -> new Tuple2<>(line.key(), true)));
  }

  private Written write(RunPlan plan, List<Rejection> leftOut) throws IOException {
    context.setJobDescription("models: looking at what was left out");
    Map<String, String> rejected = new HashMap<>();
    for (Rejection one : leftOut) {
      rejected.putIfAbsent(one.checkpointId(), one.message());
    }
    ModelEdits edits = new ModelEdits(config, settings, plan.broadcastBase());
    JavaRDD<ModelSource> models =
        plan.checkpoints()
            .filter(checkpoint -> !checkpoint.matrices().isEmpty())
            .map(new LookAt(storage, rejected))
            .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      JavaRDD<ModelSource> refused = models.filter(model -> model.rejection() != null);
      List<Rejection> rejections = new ArrayList<>(refused.map(ModelSource::rejection).collect());
      Set<String> unwritten = new HashSet<>();
      for (Rejection rejection : rejections) {
        for (Variant variant : settings.variants()) {
          unwritten.add(modelName(rejection.checkpointId(), variant.name()));
        }
      }
      JavaRDD<ModelFile> files = models.flatMap(new FilesOf(config, settings));
      JavaRDD<ModelFile> oneEach = files.filter(ModelFile::first);
      context.setJobDescription("models: clearing the output folders");
      refused.foreach(new RemoveFolders(storage, config, settings));
      oneEach.foreach(new PrepareFolder(storage, config, settings));
      long count = files.count();
      StageCounters counters = run.progress().begin(MODELS, "files", count);
      run.progress().describe("writing %d files".formatted(count));
      List<WriteModelFile.Failure> failures =
          new ArrayList<>(
              files
                  .repartition((int) Math.max(1, Math.min(count, 10_000)))
                  .flatMap(new WriteModelFile(storage, config, settings, edits, counters))
                  .collect());
      Set<String> broken = new HashSet<>();
      failures.forEach(failure -> broken.add(failure.work().modelKey()));
      run.progress().describe("marking what is whole");
      failures.addAll(
          oneEach.flatMap(new FinishFolder(storage, config, settings, broken)).collect());
      Set<String> told = new TreeSet<>();
      ModelFolders folders = new ModelFolders(config, settings);
      Storage driver = storage.open();
      for (WriteModelFile.Failure failure : failures) {
        ModelFile work = failure.work();
        if (unwritten.add(modelName(work.checkpointId(), work.variant().name()))) {
          folders.of(driver, work).discard(new WrittenFiles(driver, config.outUri()));
        }
        if (told.add(failure.rejection().toString())) {
          rejections.add(failure.rejection());
        }
      }
      return new Written(rejections, unwritten);
    } finally {
      models.unpersist();
    }
  }

  /** Names a variant of a checkpoint. */
  private static String modelName(String checkpointId, String variant) {
    return checkpointId + "\n" + variant;
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
    private final Map<String, String> rejected;

    /**
     * @param rejected by checkpoint, why one of its matrices has no edit
     */
    LookAt(TaskStorage taskStorage, Map<String, String> rejected) {
      this.taskStorage = taskStorage;
      this.rejected = rejected;
    }

    @Override
    public ModelSource call(CheckpointPlan plan) throws IOException {
      return ModelSource.of(taskStorage.open(), plan, rejected.get(plan.spec().id()));
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
                  model.identity(),
                  variant,
                  key,
                  file,
                  file.equals(model.files().get(0)),
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

  /** Executor work: the folders of a model that is not written. */
  private static final class RemoveFolders implements VoidFunction<ModelSource> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage taskStorage;
    private final String outUri;
    private final MitigationSettings settings;

    RemoveFolders(TaskStorage taskStorage, JobConfig config, MitigationSettings settings) {
      this.taskStorage = taskStorage;
      this.outUri = config.outUri();
      this.settings = settings;
    }

    @Override
    public void call(ModelSource model) throws IOException {
      Storage storage = taskStorage.open();
      for (Variant variant : settings.variants()) {
        storage.delete(
            WrittenFolder.uri(storage, outUri, model.plan().spec().id(), variant.name()));
      }
    }
  }

  /** Executor work: the folder of a model. */
  private static final class PrepareFolder implements VoidFunction<ModelFile> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage taskStorage;
    private final ModelFolders folders;

    PrepareFolder(TaskStorage taskStorage, JobConfig config, MitigationSettings settings) {
      this.taskStorage = taskStorage;
      this.folders = new ModelFolders(config, settings);
    }

    @Override
    public void call(ModelFile file) throws IOException {
      Storage storage = taskStorage.open();
      folders.of(storage, file).prepare(new WrittenFiles(storage, folders.outUri()));
    }
  }

  /** Executor work: opens the whole folder of a model once more and marks it. */
  private static final class FinishFolder
      implements FlatMapFunction<ModelFile, WriteModelFile.Failure> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage taskStorage;
    private final ModelFolders folders;
    private final Set<String> broken;

    /**
     * @param broken keys of models that are not to be finished
     */
    FinishFolder(
        TaskStorage taskStorage,
        JobConfig config,
        MitigationSettings settings,
        Set<String> broken) {
      this.taskStorage = taskStorage;
      this.folders = new ModelFolders(config, settings);
      this.broken = broken;
    }

    @Override
    public Iterator<WriteModelFile.Failure> call(ModelFile file) throws IOException {
      Storage storage = taskStorage.open();
      ModelFolder folder = folders.of(storage, file);
      if (broken.contains(file.modelKey()) || folder.isFinished()) {
        return Collections.emptyIterator();
      }
      try {
        ModelSource.requireUnchanged(storage, file);
        if (!file.adapter()) { // an adapter's one piece was its whole folder
          CheckpointEditor.open(storage, file.sources().get(0)).proveWhole(folder.uri());
        }
        folder.finish();
        return Collections.emptyIterator();
      } catch (UserInputException e) {
        return List.of(WriteModelFile.Failure.of(file, e)).iterator();
      }
    }
  }
}
