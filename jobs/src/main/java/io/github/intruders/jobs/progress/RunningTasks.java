package io.github.intruders.jobs.progress;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.util.AccumulatorV2;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What tasks that still run have added to accumulators: it comes with the heartbeats of their
 * executors, while an accumulator itself takes it only when the task has ended.
 */
final class RunningTasks extends SparkListener {
  private final Map<Long, Map<Long, Number>> addedByTask = new ConcurrentHashMap<>();

  @Override
  public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    CollectionConverters.asJava(heartbeat.accumUpdates())
        .forEach(
            task -> {
              Map<Long, Number> added = new HashMap<>();
              for (AccumulableInfo info : CollectionConverters.asJava(task._4())) {
                if (info.update().isDefined() && info.update().get() instanceof Number number) {
                  added.put(info.id(), number);
                }
              }
              addedByTask.put((Long) task._1(), added);
            });
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    addedByTask.remove(end.taskInfo().taskId());
  }

  /** What they have added to this accumulator. */
  double added(AccumulatorV2<?, ?> accumulator) {
    double sum = 0;
    for (Map<Long, Number> added : addedByTask.values()) {
      sum += added.getOrDefault(accumulator.id(), 0).doubleValue();
    }
    return sum;
  }
}
