package io.github.intruders.jobs.session;

import io.github.intruders.linalg.OpenBlas;
import org.apache.spark.TaskContext;

/** Keeps BLAS within the cores that Spark gave a task. */
public final class TaskThreads {
  private TaskThreads() {}

  /** To be called at the start of a task: one BLAS call uses {@code spark.task.cpus} threads. */
  public static void apply() {
    TaskContext context = TaskContext.get();
    OpenBlas.useThreads(context == null ? 1 : Math.max(1, context.cpus()));
  }
}
