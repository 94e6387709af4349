package io.github.intruders.jobs.pipeline;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.cost.Outlook;
import io.github.intruders.jobs.cost.RunEstimate;
import io.github.intruders.jobs.mitigation.MitigationStage;
import io.github.intruders.jobs.plan.DriverPlan;
import io.github.intruders.jobs.plan.PlanStage;
import io.github.intruders.jobs.plan.PlannedCheckpoint;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.DriverProgress;
import io.github.intruders.jobs.report.ConsoleReport;
import io.github.intruders.jobs.report.DryRun;
import io.github.intruders.jobs.report.PlanReport;
import io.github.intruders.jobs.scan.ScanStage;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Looks before it leaps: pairs everything and computes nothing. */
public final class Preflight {
  private final Supervision supervision;
  private final JobConfig config;

  public Preflight(SparkSession spark, JobConfig config) {
    this.supervision = new Supervision(spark, config);
    this.config = config;
  }

  /**
   * Plans a run. The caller closes the plan.
   *
   * @throws UserInputException if the base can't be used
   */
  static RunPlan plan(RunContext run) throws IOException {
    RunPlan plan = new PlanStage(run.context(), run.storage()).run(run.config(), run.progress());
    run.progress().rejected(plan.rejected());
    return plan;
  }

  /** Fails where anything does not fit and the run is to fail then. */
  static void failIfAsked(RunContext run, RunPlan plan) {
    if (plan.rejected() > 0 && run.config().onError() == JobConfig.OnError.FAIL) {
      throw UserInputException.of(
          RejectCode.NOTHING_TO_ANALYSE, plan.rejections(run.context()).first().message());
    }
  }

  /**
   * Plans without a session, as a run on this machine would be planned by one.
   *
   * @param conf of the session that a run would open
   * @param cores how many tasks that session would run at once
   * @throws UserInputException if the base can't be used
   */
  public static PlanReport report(JobConfig config, Storage storage, SparkConf conf, int cores)
      throws IOException {
    DriverPlan plan;
    try (DriverProgress progress =
        DriverProgress.begin(
            Supervision.newRunId(Instant.now()),
            PlanStage.NAME,
            "checkpoints",
            config.manifest().checkpoints().size())) {
      plan = DriverPlan.of(config, storage, ConsoleReport.MOST_REJECTIONS, progress);
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
            .limit(ConsoleReport.MOST_REJECTIONS)
            .toList());
  }

  /** The report on a plan, whoever has made it. */
  private static PlanReport report(
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
        PlannedCheckpoint.rejected(base, summary));
  }

  /** What a run would do, in numbers. */
  public PlanReport planReport() throws IOException {
    return supervision.of(
        List.of(PlanStage.NAME),
        run -> {
          try (RunPlan plan = plan(run)) {
            return report(run, plan);
          }
        });
  }

  private static PlanReport report(RunContext run, RunPlan plan) throws IOException {
    SparkConf conf = run.spark().sparkContext().conf();
    int cores = run.context().defaultParallelism();
    Outlook outlook =
        Outlook.of(
            plan.base(),
            Outlook.work(
                plan.checkpoints().flatMap(checkpoint -> checkpoint.matrices().iterator()),
                run.config()),
            new SpectraStore(run.storage().open(), run.config().spectraUri()),
            run.config(),
            TaskMemory.of(conf, cores));
    return report(
        plan.base(),
        RunEstimate.of(outlook, run.config(), cores, TaskMemory.tasksPerExecutor(conf, cores)),
        plan.summary(),
        plan.rejections(run.context()).take(ConsoleReport.MOST_REJECTIONS));
  }

  /**
   * What a scan would do, and what it would find done.
   *
   * @param after what would come after the scan, in words
   */
  public DryRun scan(List<String> after) throws IOException {
    return dryRun(after, (run, plan) -> new ScanStage(run).toDoByCheckpoint(plan));
  }

  /** What a whole run would do. */
  public DryRun run() throws IOException {
    List<String> after = new ArrayList<>();
    long sequences =
        config.manifest().checkpoints().stream()
            .map(CheckpointSpec::sequence)
            .filter(Objects::nonNull)
            .distinct()
            .count();
    if (sequences > 0) {
      after.add("accumulation (sequences: %d)".formatted(sequences));
    }
    if (!config.manifest().metrics().isEmpty()) {
      after.add("forgetting (metrics URIs: %d)".formatted(config.manifest().metrics().size()));
    }
    after.add("report");
    return scan(after);
  }

  /** What a mitigation would do. */
  public DryRun mitigate(MitigationSettings settings) throws IOException {
    List<String> variants = settings.variants().stream().map(Variant::name).toList();
    return dryRun(
        List.of(
            "models %s of each checkpoint in %s"
                .formatted(String.join(", ", variants), MitigationRun.folder(config))),
        (run, plan) -> {
          MitigationStage stage = new MitigationStage(run, settings);
          stage.requireFreeOutput(plan.base());
          return stage.toDoByCheckpoint(plan);
        });
  }

  /** Counts the matrices of a plan that are not finished, by checkpoint. */
  @FunctionalInterface
  private interface ToDo {
    Map<String, Long> of(RunContext run, RunPlan plan) throws IOException;
  }

  private DryRun dryRun(List<String> after, ToDo toDo) throws IOException {
    return supervision.of(
        List.of(PlanStage.NAME),
        run -> {
          try (RunPlan plan = plan(run)) {
            run.progress().describe("looking for finished work");
            return new DryRun(report(run, plan), toDo.of(run, plan), config.outUri(), after);
          }
        });
  }
}
