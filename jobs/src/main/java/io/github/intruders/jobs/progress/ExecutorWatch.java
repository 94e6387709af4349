package io.github.intruders.jobs.progress;

import io.github.intruders.jobs.config.OwnSettings;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;

/**
 * Gives up a job that waits for executors which never come: Spark itself would wait for ever. A
 * local session has what it needs.
 */
final class ExecutorWatch {
  private final SparkContext spark;
  private final String tag;
  private final long patienceNanos;
  private long waitingSince;
  private boolean waiting;
  private volatile String verdict;

  /**
   * @param tag what the job's Spark jobs carry; others in the same session go on
   */
  ExecutorWatch(SparkContext spark, String tag) {
    this.spark = spark;
    this.tag = tag;
    this.patienceNanos = OwnSettings.executorWait(spark.conf()).toNanos();
  }

  /** To be called again and again, by one thread. */
  void look(long nanoTime) {
    if (patienceNanos == 0 || spark.isLocal() || verdict != null) {
      return;
    }
    boolean idle =
        spark.statusTracker().getExecutorInfos().length <= 1 // the driver is one
            && hasActiveJob();
    if (!idle) {
      waiting = false;
    } else if (!waiting) {
      waiting = true;
      waitingSince = nanoTime;
    } else if (nanoTime - waitingSince > patienceNanos) {
      verdict =
          "No executor has come within %s (%s); the master %s has no worker with enough free cores and memory for one, its queue is full, or executors end as they start and their logs say why"
              .formatted(
                  ProgressReading.clock(patienceNanos / 1e9),
                  OwnSettings.EXECUTOR_WAIT,
                  spark.master());
      spark.cancelJobsWithTag(tag, verdict);
    }
  }

  private boolean hasActiveJob() {
    Set<Integer> active = new HashSet<>();
    for (int id : spark.statusTracker().getActiveJobIds()) {
      active.add(id);
    }
    return IntStream.of(spark.statusTracker().getJobIdsForTag(tag)).anyMatch(active::contains);
  }

  /** Why the job was given up, or null. */
  String verdict() {
    return verdict;
  }
}
