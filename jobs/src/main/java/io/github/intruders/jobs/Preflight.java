package io.github.intruders.jobs;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.Outlook;
import io.github.intruders.jobs.plan.DriverPlan;
import io.github.intruders.jobs.plan.PlanStage;
import io.github.intruders.jobs.plan.PlannedCheckpoint;
import io.github.intruders.jobs.progress.DriverProgress;
import io.github.intruders.jobs.report.PlanReport;
import io.github.intruders.jobs.report.RunEstimate;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/** What a run would do, in numbers. */
public final class Preflight {
  /** How many rejections a report names. */
  static final int REJECTIONS_SHOWN = 20;

  private Preflight() {}

  /**
   * Plans without a session, as a run on this machine would be planned by one.
   *
   * @param conf of the session that a run would open
   * @param cores how many tasks that session would run at once
   * @throws io.github.intruders.input.UserInputException if the base can't be used
   */
  public static PlanReport report(JobConfig config, Storage storage, SparkConf conf, int cores)
      throws IOException {
    DriverPlan plan;
    try (DriverProgress progress =
        DriverProgress.begin(
            IntruderJob.newRunId(Instant.now()),
            PlanStage.NAME,
            "checkpoints",
            config.manifest().checkpoints().size())) {
      plan = DriverPlan.of(config, storage, REJECTIONS_SHOWN, progress);
    }
    Outlook outlook =
        Outlook.of(
            plan.base(),
            plan.work(),
            new SpectraStore(storage, config.spectraUri()),
            config,
            TaskMemory.of(conf, cores));
    return report(
        plan.base(),
        RunEstimate.of(outlook, config, cores, TaskMemory.tasksPerExecutor(conf, cores)),
        plan.summary(),
        Stream.concat(plan.base().rejections().stream(), plan.rejections().stream())
            .limit(REJECTIONS_SHOWN)
            .toList());
  }

  /**
   * The report on a plan, whoever has made it.
   *
   * @param rejections the first ones
   */
  static PlanReport report(
      BasePlan base,
      RunEstimate estimate,
      List<PlannedCheckpoint> summary,
      List<Rejection> rejections) {
    return new PlanReport(
        base,
        estimate,
        summary.stream()
            .map(
                planned ->
                    new PlanReport.Checkpoint(
                        planned.spec().id(),
                        planned.matrices(),
                        planned.rejected(),
                        planned.notes(),
                        planned.updateBytes()))
            .toList(),
        rejections,
        rejected(base, summary));
  }

  /** How many inputs are left out. */
  static long rejected(BasePlan base, List<PlannedCheckpoint> summary) {
    return base.rejections().size()
        + summary.stream().mapToLong(PlannedCheckpoint::rejected).sum();
  }
}
