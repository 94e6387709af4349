package io.github.intruders.jobs.plan;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.Planner;
import java.io.IOException;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;

/** Reads the base's headers on the driver and every checkpoint's on the executors. */
public final class PlanStage {
  private static final int CHECKPOINTS_PER_TASK = 4;

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
  public RunPlan run(JobConfig config) throws IOException {
    BasePlan base =
        BasePlan.of(
            storage.open(),
            config.manifest().baseId(),
            config.manifest().baseUri(),
            config.selection());
    List<CheckpointSpec> specs = config.manifest().checkpoints();
    Broadcast<BasePlan> broadcast = spark.broadcast(base);
    spark.setJobDescription("plan: headers of %d checkpoints".formatted(specs.size()));
    JavaRDD<CheckpointPlan> plans =
        spark
            .parallelize(specs, Math.max(1, specs.size() / CHECKPOINTS_PER_TASK))
            .map(new PlanCheckpoint(storage, broadcast))
            .persist(StorageLevel.MEMORY_AND_DISK());
    List<PlannedCheckpoint> summary = plans.map(PlannedCheckpoint::of).collect();
    return new RunPlan(base, broadcast, plans, summary);
  }

  /** Executor work: one checkpoint. */
  private static final class PlanCheckpoint implements Function<CheckpointSpec, CheckpointPlan> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final Broadcast<BasePlan> base;

    PlanCheckpoint(TaskStorage storage, Broadcast<BasePlan> base) {
      this.storage = storage;
      this.base = base;
    }

    @Override
    public CheckpointPlan call(CheckpointSpec spec) throws IOException {
      return new Planner(storage.open(), base.value()).plan(spec);
    }
  }
}
