package io.github.intruders.jobs.pipeline;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.CheckpointsTable;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Row;

/** Many teams may write to one catalog; none replaces another one's checkpoints unasked. */
final class OwnCheckpoints {
  private OwnCheckpoints() {}

  /**
   * Passes if no checkpoint of the run stands in the catalog for another base.
   *
   * @throws UserInputException naming one that does
   */
  static void require(RunContext run, Tables tables) throws IOException {
    String table = CheckpointsTable.TABLE.name();
    if (!(run.config().tables() instanceof TablePlace.Catalog catalog) || !tables.has(table)) {
      return;
    }
    String baseId = run.config().manifest().baseId();
    Object[] ids = run.config().manifest().checkpointIds().toArray();
    List<Row> foreign =
        tables
            .stored(table)
            .where(col("checkpoint_id").isin(ids).and(col("base_id").notEqual(baseId)))
            .select("checkpoint_id", "base_id")
            .takeAsList(1);
    if (!foreign.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          catalog.text(),
          "Checkpoint %s is here already, tuned from base %s, not %s; give it another id, or take another --namespace"
              .formatted(foreign.get(0).getString(0), foreign.get(0).getString(1), baseId));
    }
  }
}
