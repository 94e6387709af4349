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
import java.util.List;

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
    changes.replace(
        CheckpointsTable.TABLE,
        run.rows(checkpoints.stream().map(CheckpointsTable::toRow).toList()),
        specs.stream().map(CheckpointSpec::id).toList(),
        List.of());
    counters.finished(1);
    Collection<String> analysed = results.figures().keySet();
    List<String> empty =
        specs.stream().map(CheckpointSpec::id).filter(id -> !analysed.contains(id)).toList();
    changes.replace(
        MatricesTable.TABLE, results.entries().map(MatricesTable::toRow), analysed, empty);
    counters.finished(1);
    changes.replace(
        SingularVectorsTable.TABLE,
        results.entries().flatMap(SingularVectorsTable::toRows),
        analysed,
        empty);
    counters.finished(1);
    changes.replace(
        SimilarityTable.TABLE,
        results.entries().flatMap(SimilarityTable::toRows),
        analysed,
        empty);
    counters.finished(1);
    return checkpoints;
  }
}
