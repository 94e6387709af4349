package io.github.intruders.jobs.spectra;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.cost.CostModel;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.progress.TaskMetrics;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.linalg.Arena;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Fills the spectra store before anything is scanned. */
public final class SpectraStage {
  /** The stage, where progress is told. */
  public static final String NAME = "spectra";

  private static final Logger LOG = LoggerFactory.getLogger(SpectraStage.class);

  private final JavaSparkContext spark;
  private final TaskStorage storage;
  private final String spectraUri;
  private final SpectrumPart kept;

  /**
   * A stage that fills one store.
   *
   * @param kept what is stored of a decomposition
   */
  public SpectraStage(
      JavaSparkContext spark, TaskStorage storage, String spectraUri, SpectrumPart kept) {
    this.spark = spark;
    this.storage = storage;
    this.spectraUri = spectraUri;
    this.kept = kept;
  }

  /**
   * One matrix of the base.
   *
   * @param matrix its name
   * @param computed whether it was decomposed now, false if it was in the store
   * @param rejection why it could not be decomposed, or null
   */
  public record Result(String matrix, boolean computed, Rejection rejection)
      implements Serializable {}

  /**
   * Runs the stage; one result per matrix, the largest matrix first.
   *
   * @param names of the matrices that are to be stored
   */
  public List<Result> run(
      BasePlan base, Set<String> names, Broadcast<BasePlan> broadcast, JobProgress progress) {
    List<BaseMatrix> matrices =
        base.matrices().values().stream()
            .filter(matrix -> names.contains(matrix.name()))
            .filter(this::fits)
            .sorted(
                Comparator.comparingDouble(
                        (BaseMatrix matrix) -> CostModel.decomposition(matrix).coreSeconds())
                    .reversed())
            .toList();
    double cost =
        matrices.stream()
            .mapToDouble(matrix -> CostModel.decomposition(matrix).coreSeconds())
            .sum();
    StageCounters counters = progress.begin(NAME, "base matrices", matrices.size(), cost);
    return spark
        .parallelize(matrices, Math.max(1, matrices.size()))
        .map(new Decompose(storage, broadcast, spectraUri, kept, counters))
        .collect();
  }

  /** A matrix that no task can hold is decomposed where it is scanned, in blocks of rows. */
  private boolean fits(BaseMatrix matrix) {
    MemoryLimit memory = TaskMemory.of(spark.getConf(), spark.defaultParallelism());
    boolean fits = memory.allows(CostModel.decomposition(matrix).nativeBytes());
    if (!fits) {
      LOG.warn(
          "{} needs more memory than a task has ({}); scan takes it in blocks of rows",
          matrix.name(),
          memory.source());
    }
    return fits;
  }

  /** Executor work: one matrix. */
  private static final class Decompose implements Function<BaseMatrix, Result> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage taskStorage;
    private final Broadcast<BasePlan> base;
    private final String spectraUri;
    private final SpectrumPart kept;
    private final StageCounters counters;

    Decompose(
        TaskStorage taskStorage,
        Broadcast<BasePlan> base,
        String spectraUri,
        SpectrumPart kept,
        StageCounters counters) {
      this.taskStorage = taskStorage;
      this.base = base;
      this.spectraUri = spectraUri;
      this.kept = kept;
      this.counters = counters;
    }

    @Override
    public Result call(BaseMatrix matrix) throws IOException {
      TaskThreads.apply();
      Storage storage = taskStorage.open();
      String identity = base.value().identity(matrix);
      double cost = CostModel.decomposition(matrix).coreSeconds();
      try (MDC.MDCCloseable context = LogContext.ofMatrix(matrix.name());
          Arena arena = Arena.open()) {
        boolean computed =
            new SpectraStore(storage, spectraUri, kept, MemoryLimit.NONE)
                .ensure(matrix.source(), identity);
        if (computed) {
          TaskMetrics.current().spectrumComputed();
        }
        counters.finished(cost);
        return new Result(matrix.name(), computed, null);
      } catch (UserInputException e) {
        counters.rejected(cost);
        return new Result(matrix.name(), false, Rejection.of(base.value().id(), matrix.name(), e));
      }
    }
  }
}
