package io.github.intruders.jobs.plan;

import io.github.intruders.input.Rejection;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.cost.CostModel;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.cost.Workload;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

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
    return base.rejections().size()
        + summary.stream().mapToLong(PlannedCheckpoint::rejected).sum();
  }

  /** The same by checkpoint, or base. */
  public Map<String, Integer> rejectedByCheckpoint() {
    Map<String, Integer> rejected = new HashMap<>();
    base.rejections().forEach(one -> rejected.merge(one.checkpointId(), 1, Integer::sum));
    summary.stream()
        .filter(planned -> planned.rejected() > 0)
        .forEach(
            planned -> rejected.merge(planned.spec().id(), planned.rejected(), Integer::sum));
    return rejected;
  }

  /** The work by matrix of the base, added up on the executors. */
  public Map<String, Workload> work(ScanSettings settings) {
    CostModel model = new CostModel(settings);
    return checkpoints
        .flatMap(plan -> plan.matrices().iterator())
        .mapToPair(plan -> new Tuple2<>(plan.base().name(), model.workload(plan)))
        .reduceByKey(Workload::plus)
        .collectAsMap();
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
