package io.github.intruders.jobs.table;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.accumulation.TrackPoint;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** The {@code intruder_tracks} table: one row per sequence, matrix, track and step. */
public final class IntruderTracksTable {
  public static final String NAME = "intruder_tracks";

  public static final StructType SCHEMA =
      StructType.fromDDL(
          "sequence STRING, matrix STRING, layer INT, module STRING, track INT, step INT,"
              + " checkpoint_id STRING, task STRING, side STRING, singular_index INT,"
              + " singular_value DOUBLE, best_similarity DOUBLE, previous_step INT,"
              + " similarity_to_previous DOUBLE, similarity_to_previous_right DOUBLE,"
              + " born_at_step INT, born_by_task STRING, state STRING");

  private IntruderTracksTable() {}

  /** Where a point belongs. */
  public record Place(
      String sequence,
      String matrix,
      Integer layer,
      String module,
      String checkpointId,
      String task,
      String side) {}

  /** A row of {@link #SCHEMA}. */
  public static Row toRow(Place place, TrackPoint point) {
    Intruder intruder = point.intruder();
    return RowFactory.create(
        place.sequence(),
        place.matrix(),
        place.layer(),
        place.module(),
        point.track(),
        point.step(),
        place.checkpointId(),
        place.task(),
        place.side(),
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
}
