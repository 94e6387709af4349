package io.github.intruders.jobs.plan;

import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;

/**
 * A planned run.
 *
 * @param base the base, as the driver has it
 * @param broadcastBase the base, as tasks have it
 * @param checkpoints every checkpoint's plan, kept on the executors
 * @param summary every checkpoint's plan in numbers
 */
public record RunPlan(
    BasePlan base,
    Broadcast<BasePlan> broadcastBase,
    JavaRDD<CheckpointPlan> checkpoints,
    List<PlannedCheckpoint> summary)
    implements AutoCloseable {

  /** How many pieces of work there are: matrices, summed over the checkpoints. */
  public long matrices() {
    return summary.stream().mapToLong(PlannedCheckpoint::matrices).sum();
  }

  @Override
  public void close() {
    checkpoints.unpersist();
    broadcastBase.unpersist();
  }
}
