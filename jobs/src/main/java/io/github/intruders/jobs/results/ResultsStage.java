package io.github.intruders.jobs.results;

import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.SimilarityTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes what was found of the manifest's checkpoints into the tables. */
public final class ResultsStage {
  /** The stage, where progress is told. */
  public static final String NAME = "tables";

  private static final int TABLES = 4;

  private final RunContext run;

  public ResultsStage(RunContext run) {
    this.run = run;
  }

  /**
   * Runs the stage.
   *
   * @param rejects what was left out so far
   * @return what is told of each checkpoint, in the manifest's order
   */
  public List<CheckpointResult> run(Results results, RunRejects rejects, TableChanges changes)
      throws IOException {
    StageCounters counters = run.progress().begin(NAME, "tables", TABLES);
    List<CheckpointSpec> specs = run.config().manifest().checkpoints();
    String baseId = run.config().manifest().baseId();
    List<CheckpointResult> checkpoints =
        specs.stream()
            .map(
                spec ->
                    CheckpointResult.of(
                        baseId, spec, results.figures().get(spec.id()), rejects.count(spec.id())))
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
    return checkpoints;
  }
}
