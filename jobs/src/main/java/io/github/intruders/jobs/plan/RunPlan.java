package io.github.intruders.jobs.plan;

import io.github.intruders.input.Rejection;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
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

  /** How many inputs do not fit, those of the base too. */
  public long rejected() {
    return PlannedCheckpoint.rejected(base, summary);
  }

  /** The same by checkpoint, or base. */
  public Map<String, Integer> rejectedByCheckpoint() {
    Map<String, Integer> rejected = new HashMap<>();
    base.rejections().forEach(one -> rejected.merge(one.checkpointId(), 1, Integer::sum));
    summary.stream()
        .filter(planned -> planned.rejected() > 0)
        .forEach(planned -> rejected.merge(planned.spec().id(), planned.rejected(), Integer::sum));
    return rejected;
  }

  /** What does not fit, with reasons. */
  public JavaRDD<Rejection> rejections(JavaSparkContext context) {
    JavaRDD<Rejection> ofCheckpoints = checkpoints.flatMap(plan -> plan.rejections().iterator());
    return base.rejections().isEmpty()
        ? ofCheckpoints
        : context.parallelize(base.rejections(), 1).union(ofCheckpoints);
  }

  @Override
  public void close() {
    checkpoints.unpersist();
    broadcastBase.unpersist();
  }
}
