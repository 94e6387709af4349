package io.github.intruders.jobs.progress;

import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;

/**
 * What tasks, and the driver, report of one stage. What a running task has added counts as soon as
 * its executor's next heartbeat brings it.
 *
 * @param done finished pieces, the rejected ones too
 * @param work what they were expected to cost, in any unit
 * @param rejected those that were left out
 */
public record StageCounters(LongAccumulator done, DoubleAccumulator work, LongAccumulator rejected)
    implements Serializable {
  static StageCounters of(SparkContext spark, String stage) {
    return new StageCounters(
        spark.longAccumulator(stage + ": done"),
        spark.doubleAccumulator(stage + ": work done"),
        spark.longAccumulator(stage + ": rejected"));
  }

  /** Counts one finished piece. */
  public void finished(double cost) {
    done.add(1);
    work.add(cost);
  }

  /** Counts one piece that was left out. */
  public void rejected(double cost) {
    finished(cost);
    rejected.add(1);
  }
}
