package io.github.intruders.jobs.cli;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;

/** Notes the description of every Spark job of this process; Spark makes it by its name. */
public final class StartedJobs extends SparkListener {
  private static final List<String> DESCRIPTIONS = new ArrayList<>();

  @Override
  public void onJobStart(SparkListenerJobStart job) {
    synchronized (DESCRIPTIONS) {
      DESCRIPTIONS.add(String.valueOf(job.properties().get("spark.job.description")));
    }
  }

  /** The descriptions since the last call. */
  static List<String> take() {
    synchronized (DESCRIPTIONS) {
      List<String> taken = List.copyOf(DESCRIPTIONS);
      DESCRIPTIONS.clear();
      return taken;
    }
  }
}
