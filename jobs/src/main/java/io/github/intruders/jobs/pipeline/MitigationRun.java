package io.github.intruders.jobs.pipeline;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.mitigation.MitigationStage;
import io.github.intruders.jobs.plan.PlanStage;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.report.ConsoleReport;
import io.github.intruders.jobs.report.MitigationSummary;
import io.github.intruders.jobs.report.MitigationSummaryReader;
import io.github.intruders.jobs.results.ResultsStage;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.MitigationsTable;
import io.github.intruders.mitigation.MitigationSettings;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/** Writes edited models and the table that tells what the edits do. */
public final class MitigationRun {
  private final Supervision supervision;
  private final MitigationSettings settings;

  public MitigationRun(SparkSession spark, JobConfig config, MitigationSettings settings) {
    this.supervision = new Supervision(spark, config);
    this.settings = settings;
  }

  /** Where the models go. */
  static String folder(JobConfig config) {
    return DriverStorage.open().resolve(config.outUri(), "mitigated");
  }

  /**
   * Does it.
   *
   * @throws UserInputException if an output folder would lie over an input, or if nothing can be
   *     edited
   */
  public MitigationSummary run() throws IOException {
    return supervision.told(
        "mitigate",
        List.of(PlanStage.NAME, MitigationStage.NAME, MitigationStage.MODELS, ResultsStage.NAME),
        this::run);
  }

  private MitigationSummary run(RunContext run) throws IOException {
    try (TableChanges changes = Supervision.changes(run);
        RunPlan plan = Preflight.plan(run)) {
      Preflight.failIfAsked(run, plan);
      MitigationStage stage = new MitigationStage(run, settings);
      stage.requireFreeOutput(plan.base());
      RunRejects rejects = new RunRejects(run);
      rejects.add(plan.rejections(run.context()), plan.rejectedByCheckpoint());
      if (plan.matrices() == 0) {
        throw UserInputException.of(
            RejectCode.NOTHING_TO_ANALYSE,
            "Nothing can be edited; the first reason: " + rejects.first(1).get(0).message());
      }
      MitigationStage.Result result = stage.run(plan);
      rejects.add(result.rejections());
      JavaRDD<MitigationEntry> entries = result.entries().persist(StorageLevel.MEMORY_AND_DISK());
      try {
        write(run, entries, rejects, changes);
        Supervision.publish(run, changes);
        run.findings().wrote(folder(run.config()));
        return new MitigationSummaryReader(
                run.storage().open(), run.config(), settings, run.runId())
            .read(
                entries,
                rejects.first(ConsoleReport.MOST_REJECTIONS),
                rejects.count(),
                run.seconds());
      } finally {
        entries.unpersist();
      }
    }
  }

  private static void write(
      RunContext run, JavaRDD<MitigationEntry> entries, RunRejects rejects, TableChanges changes)
      throws IOException {
    StageCounters counters = run.progress().begin(ResultsStage.NAME, "tables", 2);
    Set<String> edited =
        new TreeSet<>(entries.map(MitigationEntry::checkpointId).distinct().collect());
    changes.replace(
        MitigationsTable.TABLE,
        entries.map(MitigationsTable::toRow),
        edited,
        run.config().manifest().checkpointIds().stream()
            .filter(id -> !edited.contains(id))
            .toList());
    counters.finished(1);
    if (rejects.count() > 0) {
      rejects.replace(changes, Set.of(), null);
    }
    counters.finished(1);
  }
}
