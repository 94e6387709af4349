package io.github.intruders.jobs.plan;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.cost.Workload;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.Outlook;
import io.github.intruders.jobs.progress.DriverProgress;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.Planner;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.MDC;

/**
 * A run as {@link PlanStage} plans it, made by this process alone: in numbers, since nobody goes on
 * with it.
 *
 * @param base the base
 * @param summary every checkpoint's plan in numbers
 * @param work what is to be done with matrices of the base, by name
 * @param rejections of checkpoints, in their order
 */
public record DriverPlan(
    BasePlan base,
    List<PlannedCheckpoint> summary,
    Map<String, Workload> work,
    List<Rejection> rejections) {
  /** Reading headers is waiting for storage. */
  private static final int THREADS = 8;

  /** What is kept of one checkpoint's plan. */
  private record Part(
      PlannedCheckpoint planned, Map<String, Workload> work, List<Rejection> rejections) {}

  /**
   * Plans the run.
   *
   * @param mostRejections of each checkpoint that are kept
   * @throws io.github.intruders.input.UserInputException if the base can't be used
   */
  public static DriverPlan of(
      JobConfig config, Storage storage, int mostRejections, DriverProgress progress)
      throws IOException {
    BasePlan base =
        BasePlan.of(
            storage, config.manifest().baseId(), config.manifest().baseUri(), config.selection());
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<Part>> planned = new ArrayList<>();
      for (CheckpointSpec spec : config.manifest().checkpoints()) {
        planned.add(
            threads.submit(
                () -> {
                  progress.mark();
                  try (MDC.MDCCloseable context = LogContext.ofCheckpoint(spec.id())) {
                    CheckpointPlan plan = new Planner(storage, base).plan(spec);
                    progress.finished();
                    return new Part(
                        PlannedCheckpoint.of(plan, config.settings()),
                        Outlook.work(plan.matrices(), config),
                        plan.rejections().stream().limit(mostRejections).toList());
                  }
                }));
      }
      List<PlannedCheckpoint> summary = new ArrayList<>();
      Map<String, Workload> work = new TreeMap<>();
      List<Rejection> rejections = new ArrayList<>();
      for (Future<Part> one : planned) {
        Part part = get(one);
        summary.add(part.planned());
        part.work().forEach((matrix, of) -> work.merge(matrix, of, Workload::plus));
        rejections.addAll(part.rejections());
      }
      return new DriverPlan(base, summary, work, rejections);
    } finally {
      threads.shutdownNow();
    }
  }

  private static Part get(Future<Part> part) throws IOException {
    try {
      return part.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted while a run was planned");
    }
  }
}
