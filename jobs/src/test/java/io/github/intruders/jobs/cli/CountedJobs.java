package io.github.intruders.jobs.cli;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;

/** Counts the Spark jobs of this process by stage; Spark makes it by its name. */
public final class CountedJobs extends SparkListener {
  private static final Map<String, Integer> BY_STAGE = new TreeMap<>();

  @Override
  public void onJobStart(SparkListenerJobStart job) {
    String description = String.valueOf(job.properties().get("spark.job.description"));
    synchronized (BY_STAGE) {
      BY_STAGE.merge(description.replaceAll(":.*", ""), 1, Integer::sum);
    }
  }

  /** The counts since the last call. */
  static Map<String, Integer> take() {
    synchronized (BY_STAGE) {
      Map<String, Integer> taken = new TreeMap<>(BY_STAGE);
      BY_STAGE.clear();
      return taken;
    }
  }
}
