package io.github.intruders.jobs.session;

import java.io.Serializable;
import java.lang.management.ManagementFactory;
import org.apache.spark.SparkConf;
import org.apache.spark.network.util.JavaUtils;

/**
 * How much memory outside the Java heap one task may use.
 *
 * @param bytes the bound; {@link Long#MAX_VALUE} where nothing tells
 * @param source where the figure comes from, for messages
 */
public record TaskMemory(long bytes, String source) implements Serializable {
  /** Sets the bound by hand. */
  public static final String KEY = "spark.intruders.task.memory";

  private static final String OVERHEAD = "spark.executor.memoryOverhead";

  /**
   * Reads the bound: {@value #KEY} if set; else what {@value #OVERHEAD} leaves to each of an
   * executor's tasks; else, in local mode, what the machine has beside the heap.
   */
  public static TaskMemory of(SparkConf conf, int cores) {
    int taskCpus = conf.getInt("spark.task.cpus", 1);
    if (conf.contains(KEY)) {
      return new TaskMemory(JavaUtils.byteStringAsBytes(conf.get(KEY)), KEY);
    }
    if (conf.get("spark.master", "").startsWith("local[")
        || conf.get("spark.master", "").equals("local")) {
      int tasks = Math.max(1, cores / taskCpus);
      long machine =
          ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
              .getTotalMemorySize();
      return new TaskMemory(
          Math.max(0, machine - Runtime.getRuntime().maxMemory()) / tasks,
          "this machine's memory without the heap, over %d tasks".formatted(tasks));
    }
    if (conf.contains(OVERHEAD)) {
      int tasks = Math.max(1, conf.getInt("spark.executor.cores", 1) / taskCpus);
      return new TaskMemory(
          JavaUtils.byteStringAsMb(conf.get(OVERHEAD)) * (1L << 20) / tasks,
          "%s over %d tasks".formatted(OVERHEAD, tasks));
    }
    return new TaskMemory(Long.MAX_VALUE, "no bound is set");
  }
}
