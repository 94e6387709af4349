package io.github.intruders.jobs.pipeline;

import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.accumulation.Accumulation;
import io.github.intruders.jobs.accumulation.AccumulationStage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.forgetting.Forgetting;
import io.github.intruders.jobs.forgetting.ForgettingStage;
import io.github.intruders.jobs.ledger.Compaction;
import io.github.intruders.jobs.plan.PlanStage;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.report.RunSummary;
import io.github.intruders.jobs.report.SummaryReader;
import io.github.intruders.jobs.results.LedgerResults;
import io.github.intruders.jobs.results.Results;
import io.github.intruders.jobs.results.ResultsStage;
import io.github.intruders.jobs.scan.ScanStage;
import io.github.intruders.jobs.spectra.SpectraStage;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * The stages in their order, each writing its own tables. Uses the session it is given and leaves
 * it open.
 */
public final class Pipeline {
  private static final List<String> SCAN =
      List.of(PlanStage.NAME, SpectraStage.NAME, ScanStage.NAME, ResultsStage.NAME);

  private final Supervision supervision;
  private final boolean hasSequences;
  private final boolean hasMetrics;

  public Pipeline(SparkSession spark, JobConfig config) {
    this.supervision = new Supervision(spark, config);
    this.hasSequences = !followed(config).isEmpty();
    this.hasMetrics = hasMetrics(config);
  }

  /** The checkpoints that are steps of sequences. */
  static Set<String> followed(JobConfig config) {
    return config.manifest().checkpoints().stream()
        .filter(spec -> spec.sequence() != null)
        .map(CheckpointSpec::id)
        .collect(Collectors.toSet());
  }

  static boolean hasMetrics(JobConfig config) {
    return !config.manifest().metrics().isEmpty();
  }

  /**
   * Everything: the scan, accumulation where the manifest has sequences, forgetting where it has
   * metrics, the report. Metrics that can't be used are rejected and the rest is done.
   *
   * @param directions what the user says of the metrics
   * @throws UserInputException as {@link #scan}
   */
  public RunSummary run(MetricDirections directions) throws IOException {
    List<String> stages = new ArrayList<>(SCAN);
    if (hasSequences) {
      stages.add(AccumulationStage.NAME);
    }
    if (hasMetrics) {
      stages.add(ForgettingStage.NAME);
    }
    stages.add(ReportStage.NAME);
    return supervision.told("run", stages, run -> runAll(run, directions));
  }

  private RunSummary runAll(RunContext run, MetricDirections directions) throws IOException {
    RunRejects rejects = new RunRejects(run);
    try (TableChanges changes = Supervision.changes(run);
        Scanned scanned = scan(run, rejects, changes);
        Accumulation accumulation =
            hasSequences
                ? new AccumulationStage(run)
                    .run(
                        scanned.results().entriesOf(followed(run.config())),
                        scanned.results().figures().keySet(),
                        rejects,
                        changes)
                : null;
        Forgetting forgetting =
            hasMetrics
                ? new ForgettingStage(run, directions).run(scanned.checkpoints(), rejects, changes)
                : null) {
      RunSummary summary = summary(run, scanned, rejects);
      if (accumulation != null) {
        summary = summary.withAccumulation(accumulation.steps(), 0, run.seconds());
      }
      if (forgetting != null) {
        summary = summary.withForgetting(StageRun.strongest(forgetting), 0, run.seconds());
      }
      finish(run, scanned, rejects, changes);
      if (accumulation != null) {
        new AccumulationStage(run).forgetLost(accumulation);
      }
      ReportStage report = new ReportStage(run);
      report.draw(summary, scanned, accumulation, forgetting, rejects);
      return report.write(summary);
    }
  }

  /**
   * Finds the intruders and writes the tables and the summary.
   *
   * @throws UserInputException if nothing can be analysed; the rejects table says why
   */
  public RunSummary scan() throws IOException {
    return supervision.told(
        "scan",
        SCAN,
        run -> {
          RunRejects rejects = new RunRejects(run);
          try (TableChanges changes = Supervision.changes(run);
              Scanned scanned = scan(run, rejects, changes)) {
            RunSummary summary = summary(run, scanned, rejects);
            finish(run, scanned, rejects, changes);
            run.progress().end();
            return new ReportStage(run).write(summary);
          }
        });
  }

  private static Scanned scan(RunContext run, RunRejects rejects, TableChanges changes)
      throws IOException {
    JobConfig config = run.config();
    run.progress().expect(SummaryReader.earlierSeconds(run.storage().open(), config.outUri()));
    OwnCheckpoints.require(run, changes.seen());
    RunPlan plan = Preflight.plan(run);
    Optional<Results> results = Optional.empty();
    try {
      Preflight.failIfAsked(run, plan);
      rejects.add(plan.rejections(run.context()), plan.rejectedByCheckpoint());
      if (plan.matrices() == 0) {
        rejects.replace(changes, Set.of(), null);
        changes.commit();
        throw UserInputException.of(
            RejectCode.NOTHING_TO_ANALYSE,
            "Nothing can be analysed; the first reason: " + rejects.first(1).get(0).message());
      }
      ScanStage stage = new ScanStage(run);
      do {
        stage.run(plan, names -> spectra(run, plan, names));
        results = LedgerResults.read(run, plan);
      } while (results.isEmpty());
      stage.addRejects(rejects);
      results.get().addRejects(rejects);
      List<CheckpointResult> checkpoints =
          new ResultsStage(run).run(results.get(), plan.summary(), rejects, changes);
      return new Scanned(plan, results.get(), checkpoints);
    } catch (Exception e) { // Spark throws checked ones that it does not declare
      results.ifPresent(Results::close);
      plan.close();
      throw e;
    }
  }

  private static RunSummary summary(RunContext run, Scanned scanned, RunRejects rejects) {
    return RunSummary.of(
        run.config(),
        run.runId(),
        scanned.checkpoints(),
        scanned.results().figures().values(),
        rejects.count(),
        run.seconds(),
        run.spark().version());
  }

  /** Writes what was left out, publishes, and compacts the ledger. */
  private void finish(RunContext run, Scanned scanned, RunRejects rejects, TableChanges changes)
      throws IOException {
    Set<String> ids = Set.copyOf(run.config().manifest().checkpointIds());
    rejects.replace(
        changes, ids, hasMetrics ? ForgettingStage.staleRejects(run.config().manifest()) : null);
    Supervision.publish(run, changes);
    run.findings().found(scanned.checkpoints());
    run.progress().describe("compacting the ledger");
    new Compaction(
            run.context(),
            run.storage(),
            run.config().outUri(),
            run.runId(),
            run.config().settings())
        .run(scanned.results().lines(), scanned.results().entriesKeys());
  }

  /** Decomposes the base matrices that the store lacks. */
  public List<SpectraStage.Result> spectra() throws IOException {
    return supervision.of(
        List.of(PlanStage.NAME, SpectraStage.NAME),
        run -> {
          try (RunPlan plan = Preflight.plan(run)) {
            return spectra(run, plan, plan.base().matrices().keySet());
          }
        });
  }

  private static List<SpectraStage.Result> spectra(
      RunContext run, RunPlan plan, Set<String> names) {
    JobConfig config = run.config();
    return new SpectraStage(run.context(), run.storage(), config.spectraUri(), config.keptSpectra())
        .run(plan.base(), names, plan.broadcastBase(), run.progress());
  }
}
