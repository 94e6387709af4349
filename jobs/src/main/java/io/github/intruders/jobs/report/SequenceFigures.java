package io.github.intruders.jobs.report;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.desc;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sum;

import io.github.intruders.jobs.table.AccumulationTable;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.jobs.table.TableReader;
import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;

/**
 * What the report shows of sequences: their accumulation, and one matrix of some of them, the one
 * with most intruders, followed step by step.
 */
final class SequenceFigures {
  private static final int SEQUENCES_FOLLOWED = 12;
  private static final int TRACKS_SHOWN = 12;
  private static final int STEPS_SHOWN = 48;
  private static final int STEPS_PICTURED = 10;

  private final TableReader tables;
  private final EmbeddedTables page;

  SequenceFigures(TableReader tables, EmbeddedTables page) {
    this.tables = tables;
    this.page = page;
  }

  /**
   * Puts the tables of sequences, if any were followed.
   *
   * @param drawn the ids of the checkpoints that are drawn
   * @return checkpoint_id and matrix of the steps to be shown by themselves
   */
  Dataset<Row> put(Dataset<Row> drawn) throws IOException {
    if (!tables.has(AccumulationTable.NAME)) {
      return drawn.selectExpr("checkpoint_id", "'' AS matrix").limit(0);
    }
    page.put(
        "accumulation",
        tables
            .stored(AccumulationTable.NAME)
            .join(broadcast(drawn), ReportData.columns("checkpoint_id"), "left_semi")
            .select(
                "sequence",
                "step",
                "checkpoint_id",
                "task",
                "intruders",
                "born",
                "persisted",
                "faded",
                "cumulative_born",
                "intruder_energy_share")
            .orderBy("sequence", "step"));
    Dataset<Row> byMatrix = tables.stored(AccumulationTable.BY_MATRIX);
    Dataset<Row> followed =
        ReportData.local(
            byMatrix
                .groupBy("sequence", "matrix")
                .agg(sum("intruders").as("total"))
                .groupBy("sequence")
                .agg(
                    expr("max_by(matrix, struct(total, matrix))").as("matrix"),
                    max("total").as("total"))
                .where("total > 0")
                .orderBy(desc("total"), col("sequence"))
                .limit(SEQUENCES_FOLLOWED));
    Dataset<Row> steps =
        ReportData.local(
            ReportData.evenly(
                byMatrix
                    .join(
                        broadcast(followed), ReportData.columns("sequence", "matrix"), "left_semi")
                    .select("sequence", "matrix", "step", "checkpoint_id", "task"),
                "sequence",
                col("step"),
                STEPS_SHOWN));
    Dataset<Row> pictured =
        ReportData.local(
            ReportData.evenly(steps, "sequence", col("step"), STEPS_PICTURED)
                .orderBy("sequence", "step"));
    page.put("followed", followed);
    page.put("pictured", pictured);
    putTracks(followed, steps);
    return pictured.select("checkpoint_id", "matrix");
  }

  /** The tracks that live longest, at the steps that are shown. */
  private void putTracks(Dataset<Row> followed, Dataset<Row> steps) throws IOException {
    Dataset<Row> ofFollowed =
        tables
            .stored(IntruderTracksTable.NAME)
            .join(broadcast(followed), ReportData.columns("sequence", "matrix"), "left_semi");
    Dataset<Row> longest =
        ofFollowed
            .groupBy("sequence", "track")
            .agg(
                sum(expr("if(state = 'faded', 0, 1)")).as("lived"),
                max("singular_value").as("strongest"))
            .withColumn(
                "place",
                row_number()
                    .over(
                        Window.partitionBy("sequence")
                            .orderBy(desc("lived"), desc("strongest"), col("track"))))
            .where(col("place").leq(TRACKS_SHOWN));
    page.put(
        "tracks",
        ofFollowed
            .join(broadcast(longest), ReportData.columns("sequence", "track"), "left_semi")
            .join(broadcast(steps), ReportData.columns("sequence", "matrix", "step"), "left_semi")
            .select(
                "sequence",
                "track",
                "step",
                "task",
                "singular_index",
                "singular_value",
                "best_similarity",
                "similarity_to_previous",
                "born_at_step",
                "born_by_task",
                "state")
            .orderBy("sequence", "track", "step"));
  }
}
