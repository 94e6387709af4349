package io.github.intruders.jobs.session;

import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.jobs.progress.TaskMetrics;
import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/** The storage as a task reaches it: the driver's Hadoop settings, broadcast. */
public final class TaskStorage implements Serializable {
  private static final long serialVersionUID = 1L;

  private final Broadcast<SerializableConfiguration> configuration;

  private TaskStorage(Broadcast<SerializableConfiguration> configuration) {
    this.configuration = configuration;
  }

  /** Broadcasts the Hadoop settings of this session. */
  public static TaskStorage of(JavaSparkContext spark) {
    return new TaskStorage(
        spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())));
  }

  /** The storage, on the driver or in a task; what it delivers counts in this process's metrics. */
  public Storage open() {
    TaskMetrics metrics = TaskMetrics.current();
    return new CountingStorage(
        new HadoopStorage(configuration.value().value()), metrics.bytesRead(), metrics.requests());
  }
}
