package io.github.intruders.jobs.results;

import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.plan.PlannedCheckpoint;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.AdapterCoverageTable;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.FidelityTable;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.SimilarityTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import io.github.intruders.jobs.table.TableDefinition;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.AdapterCoverage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/** Writes what was found of the manifest's checkpoints into the tables. */
public final class ResultsStage {
  /** The stage, where progress is told. */
  public static final String NAME = "tables";

  private static final int TABLES = 6;

  private final RunContext run;

  public ResultsStage(RunContext run) {
    this.run = run;
  }

  /**
   * Runs the stage.
   *
   * @param planned what was planned of each
   * @param rejects what was left out so far
   * @return what is told of each checkpoint, in the manifest's order
   */
  public List<CheckpointResult> run(
      Results results, List<PlannedCheckpoint> planned, RunRejects rejects, TableChanges changes)
      throws IOException {
    StageCounters counters = run.progress().begin(NAME, "tables", TABLES);
    List<CheckpointSpec> specs = run.config().manifest().checkpoints();
    Map<String, List<AdapterCoverage>> coverage = new HashMap<>();
    planned.forEach(one -> coverage.put(one.spec().id(), one.coverage()));
    String baseId = run.config().manifest().baseId();
    List<CheckpointResult> checkpoints =
        specs.stream()
            .map(
                spec ->
                    CheckpointResult.of(
                        baseId,
                        spec,
                        results.figures().get(spec.id()),
                        coverage.getOrDefault(spec.id(), List.of()),
                        rejects.count(spec.id())))
            .toList();
    Map<String, String> told = new HashMap<>();
    checkpoints.forEach(one -> told.put(one.checkpointId(), one.toString()));
    changes.replaceChanged(
        CheckpointsTable.TABLE,
        told,
        ids ->
            run.rows(
                checkpoints.stream()
                    .filter(one -> ids.contains(one.checkpointId()))
                    .map(CheckpointsTable::toRow)
                    .toList()),
        List.of());
    counters.finished(1);
    Collection<String> analysed = results.figures().keySet();
    List<String> empty =
        run.config().manifest().checkpointIds().stream()
            .filter(id -> !analysed.contains(id))
            .toList();
    Map<String, String> found = results.entriesKeys();
    changes.replaceChanged(
        MatricesTable.TABLE, found, ids -> results.entriesOf(ids).map(MatricesTable::toRow), empty);
    counters.finished(1);
    changes.replaceChanged(
        SingularVectorsTable.TABLE,
        found,
        ids -> results.entriesOf(ids).flatMap(SingularVectorsTable::toRows),
        empty);
    counters.finished(1);
    changes.replaceChanged(
        SimilarityTable.TABLE,
        found,
        ids -> results.entriesOf(ids).flatMap(SimilarityTable::toRows),
        empty);
    counters.finished(1);
    writeFidelity(results, checkpoints, changes);
    counters.finished(1);
    writeCoverage(coverage, changes);
    counters.finished(1);
    return checkpoints;
  }

  private static void writeFidelity(
      Results results, List<CheckpointResult> checkpoints, TableChanges changes)
      throws IOException {
    Map<String, String> found = results.entriesKeys();
    List<String> without = new ArrayList<>();
    for (CheckpointResult one : checkpoints) {
      if (one.identity().fidelityMatrices() == null) {
        found.remove(one.checkpointId());
        without.add(one.checkpointId());
      }
    }
    if (isNeeded(FidelityTable.TABLE, found, changes)) {
      changes.replaceChanged(
          FidelityTable.TABLE,
          found,
          ids -> results.entriesOf(ids).flatMap(FidelityTable::toRows),
          without);
    }
  }

  /** A table that many runs have no row for is not made before there is one. */
  private static boolean isNeeded(
      TableDefinition table, Map<String, String> rows, TableChanges changes) throws IOException {
    return !rows.isEmpty() || changes.seen().has(table.name());
  }

  private void writeCoverage(Map<String, List<AdapterCoverage>> coverage, TableChanges changes)
      throws IOException {
    Map<String, String> told = new HashMap<>();
    List<String> without = new ArrayList<>();
    coverage.forEach(
        (id, of) -> {
          if (of.isEmpty()) {
            without.add(id);
          } else {
            told.put(id, of.toString());
          }
        });
    if (!isNeeded(AdapterCoverageTable.TABLE, told, changes)) {
      return;
    }
    changes.replaceChanged(
        AdapterCoverageTable.TABLE,
        told,
        ids -> {
          List<List<Row>> rows =
              ids.stream()
                  .sorted()
                  .map(
                      id ->
                          coverage.get(id).stream()
                              .map(of -> AdapterCoverageTable.toRow(id, of))
                              .toList())
                  .toList();
          return run.context().parallelize(rows).flatMap(List::iterator);
        },
        without);
  }
}
