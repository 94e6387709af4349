package io.github.intruders.jobs.pipeline;

import static org.apache.spark.sql.functions.col;

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
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.report.ForgettingReport;
import io.github.intruders.jobs.report.RunSummary;
import io.github.intruders.jobs.results.StoredResults;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Single stages that go on from the tables of a scan. */
public final class StageRun {
  private static final List<TableDefinition> READ =
      List.of(MatricesTable.TABLE, SingularVectorsTable.TABLE);

  private final Supervision supervision;
  private final boolean hasSequences;
  private final boolean hasMetrics;

  public StageRun(SparkSession spark, JobConfig config) {
    this.supervision = new Supervision(spark, config);
    this.hasSequences = !Pipeline.followed(config).isEmpty();
    this.hasMetrics = Pipeline.hasMetrics(config);
  }

  /**
   * Follows the intruders along the manifest's sequences, from the tables that a scan wrote.
   *
   * @throws UserInputException if there is no sequence, no scan was done, or one with other
   *     settings
   */
  public AccumulationReport accumulate() throws IOException {
    return supervision.told(
        "accumulate",
        List.of(AccumulationStage.NAME),
        run -> Telling.locations(Supervision.tables(run), READ),
        run -> {
          if (!hasSequences) {
            throw UserInputException.of(
                RejectCode.NOTHING_TO_ANALYSE,
                "No checkpoint of the manifest has a sequence and a step to follow");
          }
          RunRejects rejects = new RunRejects(run);
          try (TableChanges changes = Supervision.changes(run)) {
            Set<String> scanned = changes.seen().keys(MatricesTable.TABLE);
            Set<String> followed = Pipeline.followed(run.config());
            JavaRDD<ScanEntry> entries =
                new StoredResults(run.context(), changes.seen()).entries(followed);
            AccumulationStage stage = new AccumulationStage(run);
            try (Accumulation accumulation = stage.run(entries, scanned, rejects, changes)) {
              run.progress().rejected(accumulation.rejected());
              rejects.replaceWhere(
                  changes,
                  col("code")
                      .isin(RejectCode.VECTORS_MISSING.name(), RejectCode.STEP_MISSING.name())
                      .and(col("checkpoint_id").isin(followed.toArray())));
              Supervision.publish(run, changes);
              stage.forgetLost(accumulation);
              return new AccumulationReport(accumulation.steps(), accumulation.rejected());
            }
          }
        });
  }

  /**
   * Joins metrics with what a scan found, and correlates.
   *
   * @param directions what the user says of the metrics
   * @throws UserInputException if there is no checkpoints table, or no metric can be used
   */
  public ForgettingReport forgetting(MetricDirections directions) throws IOException {
    if (!hasMetrics) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "There are no metrics: give --metrics, or the key metrics of the manifest");
    }
    return supervision.told(
        "forgetting",
        List.of(ForgettingStage.NAME),
        run ->
            Stream.concat(
                    run.config().manifest().metrics().stream(),
                    Telling.locations(Supervision.tables(run), List.of(CheckpointsTable.TABLE))
                        .stream())
                .toList(),
        run -> {
          RunRejects rejects = new RunRejects(run);
          try (TableChanges changes = Supervision.changes(run);
              Forgetting forgetting =
                  new ForgettingStage(run, directions)
                      .run(scannedCheckpoints(run, changes), rejects, changes)) {
            rejects.replaceWhere(changes, ForgettingStage.staleRejects(run.config().manifest()));
            Supervision.publish(run, changes);
            if (forgetting.count() == 0) {
              throw UserInputException.of(
                  RejectCode.METRIC_INVALID,
                  "No metric can be used; the first reason: " + forgetting.firstReason());
            }
            return new ForgettingReport(strongest(forgetting), forgetting.rejected());
          }
        });
  }

  private static List<CheckpointResult> scannedCheckpoints(RunContext run, TableChanges changes)
      throws IOException {
    List<Row> rows =
        changes
            .seen()
            .stored(CheckpointsTable.TABLE.name())
            .filter(col("base_id").equalTo(run.config().manifest().baseId()))
            .collectAsList();
    return rows.stream().map(CheckpointsTable::fromRow).toList();
  }

  /** What is told of the correlations. */
  static List<RunSummary.ForgettingSummary> strongest(Forgetting forgetting) {
    return ForgettingReport.strongest(forgetting.told().stream());
  }
}
