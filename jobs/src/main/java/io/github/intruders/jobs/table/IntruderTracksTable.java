package io.github.intruders.jobs.table;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.accumulation.TrackPoint;
import io.github.intruders.jobs.figures.TrackedIntruder;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code intruder_tracks} table: one row per sequence, matrix, track and step. */
public final class IntruderTracksTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "intruder_tracks",
          "sequence",
          "sequence STRING, matrix STRING, layer INT, module STRING, track INT, step INT,"
              + " checkpoint_id STRING, task STRING, side STRING, singular_index INT,"
              + " singular_value DOUBLE, best_similarity DOUBLE, previous_step INT,"
              + " similarity_to_previous DOUBLE, similarity_to_previous_right DOUBLE,"
              + " born_at_step INT, born_by_task STRING, state STRING");

  private IntruderTracksTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(TrackedIntruder tracked) {
    TrackPoint point = tracked.point();
    Intruder intruder = point.intruder();
    return RowFactory.create(
        tracked.sequence(),
        tracked.matrix(),
        tracked.layer(),
        tracked.module(),
        point.track(),
        point.step(),
        tracked.checkpointId(),
        tracked.task(),
        tracked.side(),
        intruder == null ? null : intruder.singularIndex(),
        intruder == null ? null : intruder.singularValue(),
        intruder == null ? null : intruder.bestSimilarity(),
        point.previousStep(),
        point.similarityLeft(),
        point.similarityRight(),
        point.bornAtStep(),
        point.bornByTask(),
        point.state().name().toLowerCase(Locale.ROOT));
  }

  /** What a row was made from. */
  public static TrackedIntruder fromRow(Row row) {
    Integer index = row.getAs("singular_index");
    return new TrackedIntruder(
        row.getAs("sequence"),
        row.getAs("matrix"),
        row.getAs("layer"),
        row.getAs("module"),
        row.getAs("checkpoint_id"),
        row.getAs("task"),
        row.getAs("side"),
        new TrackPoint(
            row.<Integer>getAs("track"),
            row.<Integer>getAs("step"),
            index == null
                ? null
                : new Intruder(
                    index,
                    row.<Double>getAs("singular_value"),
                    row.<Double>getAs("best_similarity")),
            row.getAs("previous_step"),
            row.getAs("similarity_to_previous"),
            row.getAs("similarity_to_previous_right"),
            row.<Integer>getAs("born_at_step"),
            row.getAs("born_by_task"),
            TrackPoint.State.valueOf(row.<String>getAs("state").toUpperCase(Locale.ROOT))));
  }
}
