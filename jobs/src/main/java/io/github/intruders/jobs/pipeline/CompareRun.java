package io.github.intruders.jobs.pipeline;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.compare.CompareSettings;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.compare.CompareStage;
import io.github.intruders.jobs.compare.Comparison;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.plan.PlanStage;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.report.ComparisonPlan;
import io.github.intruders.jobs.report.ComparisonReport;
import io.github.intruders.jobs.report.ConsoleReport;
import io.github.intruders.jobs.results.StoredResults;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.AdapterFamiliesTable;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.RejectsTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Compares all checkpoints of a manifest with each other. */
public final class CompareRun {
  private final Supervision supervision;
  private final CompareSettings settings;

  public CompareRun(SparkSession spark, JobConfig config, CompareSettings settings) {
    this.supervision = new Supervision(spark, config);
    this.settings = settings;
  }

  /**
   * Compares them and writes the tables; where a scan has drawn a report, it is drawn again.
   *
   * @throws UserInputException if there are fewer than two checkpoints that can be compared, or
   *     more pairs than are allowed
   */
  public ComparisonReport run() throws IOException {
    return supervision.told(
        "compare",
        List.of(PlanStage.NAME, CompareStage.NAME),
        run -> {
          RunRejects rejects = new RunRejects(run);
          try (TableChanges changes = Supervision.changes(run);
              RunPlan plan = planned(run, changes);
              Comparison comparison = compare(run, plan, rejects, changes)) {
            writeRejects(run, rejects, changes);
            Supervision.publish(run, changes);
            drawReport(run);
            run.progress().end();
            return new ComparisonReport(
                run.runId(),
                run.config().manifest().baseId(),
                comparison.adapters(),
                comparison.count(),
                comparison.duplicates(),
                comparison.safeToMerge(),
                comparison.closest(),
                comparison.interfering(),
                rejects.count(),
                run.seconds());
          }
        });
  }

  /**
   * What {@link #run} would take; computes and writes nothing.
   *
   * @throws UserInputException if there are fewer than two checkpoints that can be compared
   */
  public ComparisonPlan plan() throws IOException {
    return supervision.of(
        List.of(PlanStage.NAME),
        run -> {
          try (RunPlan plan = Preflight.plan(run)) {
            return new ComparisonPlan(
                new CompareStage(run, settings).cost(plan),
                run.context().defaultParallelism(),
                plan.rejections(run.context()).take(ConsoleReport.MOST_REJECTIONS),
                plan.rejected());
          }
        });
  }

  private static RunPlan planned(RunContext run, TableChanges changes) throws IOException {
    OwnCheckpoints.require(run, changes.seen());
    return Preflight.plan(run);
  }

  private Comparison compare(RunContext run, RunPlan plan, RunRejects rejects, TableChanges changes)
      throws IOException {
    Preflight.failIfAsked(run, plan);
    rejects.add(plan.rejections(run.context()), plan.rejectedByCheckpoint());
    run.progress().rejected(rejects.count());
    Set<String> earlier = earlier(run, changes.seen());
    return new CompareStage(run, settings)
        .run(
            plan,
            entries(run, changes.seen()),
            rejects,
            changes,
            kept -> {
              Set<String> stale = new TreeSet<>(earlier);
              stale.addAll(run.config().manifest().checkpointIds());
              stale.removeAll(kept);
              return stale;
            });
  }

  /** What a scan has found of the checkpoints; empty where there was none. */
  private static JavaRDD<ScanEntry> entries(RunContext run, Tables tables) throws IOException {
    if (!tables.has(MatricesTable.TABLE.name()) || !tables.has(SingularVectorsTable.TABLE.name())) {
      return run.context().emptyRDD();
    }
    Set<String> scanned = new TreeSet<>(tables.keys(MatricesTable.TABLE));
    scanned.retainAll(Set.copyOf(run.config().manifest().checkpointIds()));
    return scanned.isEmpty()
        ? run.context().emptyRDD()
        : new StoredResults(run.context(), tables).entries(scanned);
  }

  /** The checkpoints that an earlier run compared on this base. */
  private static Set<String> earlier(RunContext run, Tables tables) throws IOException {
    String table = AdapterFamiliesTable.TABLE.name();
    Set<String> earlier = new TreeSet<>();
    if (tables.has(table)) {
      for (Row row :
          tables
              .stored(table)
              .where(col("base_id").equalTo(run.config().manifest().baseId()))
              .select("checkpoint_id")
              .collectAsList()) {
        earlier.add(row.getString(0));
      }
    }
    return earlier;
  }

  /**
   * Adds what was left out to the table. Of a checkpoint that a scan has looked at, what the scan
   * left out stays: it may be more.
   */
  private static void writeRejects(RunContext run, RunRejects rejects, TableChanges changes)
      throws IOException {
    Set<String> ours = new TreeSet<>(rejects.keys());
    ours.addAll(run.config().manifest().checkpointIds());
    Set<String> scanned = new TreeSet<>(changes.seen().keys(CheckpointsTable.TABLE));
    scanned.retainAll(ours);
    ours.removeAll(scanned);
    JavaRDD<Rejection> found = rejects.all();
    if (!scanned.isEmpty() && changes.seen().has(RejectsTable.TABLE.name())) {
      JavaRDD<Rejection> told =
          changes
              .seen()
              .stored(RejectsTable.TABLE.name())
              .where(col("checkpoint_id").isin(scanned.toArray()))
              .toJavaRDD()
              .map(RejectsTable::fromRow);
      found = found.subtract(told);
    }
    RunRejects added = new RunRejects(run);
    added.add(found, found.map(Rejection::checkpointId).countByValue());
    added.replaceWhere(changes, col("checkpoint_id").isin(ours.toArray()));
  }

  private static void drawReport(RunContext run) throws IOException {
    Tables tables = Supervision.tables(run);
    if (tables.has(CheckpointsTable.TABLE.name())) {
      run.progress().describe("drawing the report");
      run.findings()
          .drew(
              new ReportRun(run.spark(), tables, run.storage().open())
                  .write(run.config().outUri()));
    }
  }
}
