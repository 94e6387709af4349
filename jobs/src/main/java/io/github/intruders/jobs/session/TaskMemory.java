package io.github.intruders.jobs.session;

import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.config.OwnSettings;
import java.lang.management.ManagementFactory;
import java.util.OptionalLong;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;

/** How much memory outside the Java heap one task may use, by Spark's settings. */
public final class TaskMemory {
  /** What executors have outside the heap. */
  public static final String OVERHEAD = "spark.executor.memoryOverhead";

  private static final String FACTOR = "spark.executor.memoryOverheadFactor";
  private static final String EXECUTOR_MEMORY = "spark.executor.memory";
  private static final double DEFAULT_FACTOR = 0.1;
  private static final long LEAST_OVERHEAD = 384L << 20;
  private static final String REMEDY =
      "give tasks more memory: a larger "
          + OVERHEAD
          + ", fewer tasks at once by spark.task.cpus, or set "
          + OwnSettings.TASK_MEMORY;

  private TaskMemory() {}

  /**
   * Reads the bound: {@value OwnSettings#TASK_MEMORY} if set; else what {@value #OVERHEAD}, or
   * where YARN and Kubernetes enforce it its default, leaves to each of an executor's tasks; else,
   * in local mode, what the machine has beside the heap.
   *
   * @param cores of the whole job
   */
  public static MemoryLimit of(SparkConf conf, int cores) {
    String master = conf.get("spark.master", "");
    OptionalLong byHand = OwnSettings.taskMemory(conf);
    if (byHand.isPresent()) {
      return new MemoryLimit(byHand.getAsLong(), OwnSettings.TASK_MEMORY, REMEDY);
    }
    int tasks = tasksPerExecutor(conf, cores);
    if (LocalCores.of(conf).isPresent()) {
      return ofThisMachine(tasks);
    }
    if (conf.contains(OVERHEAD)) {
      return new MemoryLimit(
          conf.getSizeAsMb(OVERHEAD) * (1L << 20) / tasks,
          "%s over %d tasks".formatted(OVERHEAD, tasks),
          REMEDY);
    }
    if (master.startsWith("yarn") || master.startsWith("k8s")) {
      long heap = conf.getSizeAsBytes(EXECUTOR_MEMORY, "1g");
      double share = conf.getDouble(FACTOR, DEFAULT_FACTOR) * heap;
      return new MemoryLimit(
          (long) Math.max(LEAST_OVERHEAD, share) / tasks,
          "%s by default, over %d tasks".formatted(OVERHEAD, tasks),
          REMEDY);
    }
    return MemoryLimit.NONE;
  }

  /**
   * The bound as a task sees it: where Spark's settings give none, what the executor's machine or
   * container has beside the heap.
   */
  public static MemoryLimit inTask(MemoryLimit bySettings) {
    TaskContext context = TaskContext.get();
    if (bySettings.bytes() < Long.MAX_VALUE || context == null) {
      return bySettings;
    }
    return ofThisMachine(
        Math.max(1, Runtime.getRuntime().availableProcessors() / Math.max(1, context.cpus())));
  }

  /** What the driver's machine or container has beside the heap, for work between Spark jobs. */
  public static MemoryLimit onDriver() {
    return new MemoryLimit(
        besideHeap(),
        "the driver's machine or container, without the heap",
        "give the driver more memory, such as by spark.driver.memoryOverhead");
  }

  private static long besideHeap() {
    long machine =
        ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getTotalMemorySize();
    return Math.max(0, machine - Runtime.getRuntime().maxMemory());
  }

  private static MemoryLimit ofThisMachine(int tasks) {
    return new MemoryLimit(
        besideHeap() / tasks,
        "this machine's memory without the heap, over %d tasks".formatted(tasks),
        REMEDY);
  }

  /** How many tasks an executor, or the local process, runs at once. */
  public static int tasksPerExecutor(SparkConf conf, int cores) {
    int executorCores =
        LocalCores.of(conf).isPresent() ? cores : conf.getInt("spark.executor.cores", 1);
    return Math.max(1, executorCores / conf.getInt("spark.task.cpus", 1));
  }
}
