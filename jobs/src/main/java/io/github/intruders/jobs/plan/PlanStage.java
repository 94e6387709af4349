package io.github.intruders.jobs.plan;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.Planner;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Reads the base's headers on the driver and every checkpoint's on the executors. */
public final class PlanStage {
  /** The stage, where progress is told. */
  public static final String NAME = "plan";

  private static final Logger LOG = LoggerFactory.getLogger(PlanStage.class);
  private static final int FEWEST_PER_TASK = 4;
  private static final int MOST_PER_TASK = 64;
  private static final int TASKS_PER_CORE = 4;

  private final JavaSparkContext spark;
  private final TaskStorage storage;

  public PlanStage(JavaSparkContext spark, TaskStorage storage) {
    this.spark = spark;
    this.storage = storage;
  }

  /**
   * Plans the run.
   *
   * @throws io.github.intruders.input.UserInputException if the base can't be used
   */
  public RunPlan run(JobConfig config, JobProgress progress) throws IOException {
    List<CheckpointSpec> specs = config.manifest().checkpoints();
    StageCounters counters = progress.begin(NAME, "checkpoints", specs.size());
    BasePlan base =
        BasePlan.of(
            storage.open(),
            config.manifest().baseId(),
            config.manifest().baseUri(),
            config.selection());
    Broadcast<BasePlan> broadcast = spark.broadcast(base);
    progress.describe("headers of %d checkpoints".formatted(specs.size()));
    JavaRDD<CheckpointPlan> plans =
        spark
            .parallelize(specs, tasks(specs.size()))
            .map(new PlanCheckpoint(storage, broadcast, counters))
            .persist(StorageLevel.MEMORY_AND_DISK());
    ScanSettings settings = config.settings();
    List<PlannedCheckpoint> summary =
        plans.map(plan -> PlannedCheckpoint.of(plan, settings)).collect();
    for (PlannedCheckpoint planned : summary) {
      planned.warnings().forEach(warning -> LOG.warn("{}: {}", planned.spec().id(), warning));
    }
    return new RunPlan(base, broadcast, plans, summary);
  }

  /** Enough to keep all cores busy; every later stage has as many partitions. */
  private int tasks(int checkpoints) {
    int busy = Math.max(TASKS_PER_CORE * spark.defaultParallelism(), checkpoints / MOST_PER_TASK);
    return Math.max(1, Math.min(checkpoints / FEWEST_PER_TASK, busy));
  }

  /** Executor work: one checkpoint. */
  private static final class PlanCheckpoint implements Function<CheckpointSpec, CheckpointPlan> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final Broadcast<BasePlan> base;
    private final StageCounters counters;

    PlanCheckpoint(TaskStorage storage, Broadcast<BasePlan> base, StageCounters counters) {
      this.storage = storage;
      this.base = base;
      this.counters = counters;
    }

    @Override
    public CheckpointPlan call(CheckpointSpec spec) throws IOException {
      try (MDC.MDCCloseable context = LogContext.ofCheckpoint(spec.id())) {
        CheckpointPlan plan = new Planner(storage.open(), base.value()).plan(spec);
        counters.finished(1);
        return plan;
      }
    }
  }
}
