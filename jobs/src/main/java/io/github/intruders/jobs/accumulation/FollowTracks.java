package io.github.intruders.jobs.accumulation;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.accumulation.StepIntruders;
import io.github.intruders.accumulation.TrackPoint;
import io.github.intruders.accumulation.Tracks;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.jobs.table.ScanLedger;
import io.github.intruders.linalg.Arena;
import io.github.intruders.scan.TunedVectorStore;
import io.github.intruders.scan.TunedVectors;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Row;

/** Executor work: one matrix along one sequence. */
final class FollowTracks implements Function<Row, FollowTracks.Followed> {
  private static final long serialVersionUID = 1L;

  private final TaskStorage taskStorage;
  private final String outUri;
  private final String runId;
  private final String side;

  FollowTracks(TaskStorage taskStorage, String outUri, String runId, String side) {
    this.taskStorage = taskStorage;
    this.outUri = outUri;
    this.runId = runId;
    this.side = side;
  }

  /**
   * What came of it.
   *
   * @param points rows of the tracks table
   * @param rejections steps whose vectors could not be read; the steps around them are compared
   */
  record Followed(List<Row> points, List<Rejection> rejections) implements Serializable {}

  @Override
  public Followed call(Row group) throws IOException {
    TaskThreads.apply();
    TunedVectorStore store = new ScanLedger(taskStorage.open(), outUri, runId).tunedVectors();
    Tracks tracks = new Tracks();
    Map<Integer, IntruderTracksTable.Place> places = new HashMap<>();
    List<Rejection> rejections = new ArrayList<>();
    String matrix = group.getAs("matrix");
    try (Arena arena = Arena.open()) {
      for (Row step : group.<Row>getList(group.fieldIndex("steps"))) {
        places.put(
            step.getAs("step"),
            new IntruderTracksTable.Place(
                group.getAs("sequence"),
                matrix,
                step.getAs("layer"),
                step.getAs("module"),
                step.getAs("checkpoint_id"),
                step.getAs("task"),
                side));
        try {
          tracks.add(step(store, step));
        } catch (UserInputException e) {
          rejections.add(rejection(step.getAs("checkpoint_id"), matrix, e));
        }
      }
    }
    List<Row> points = new ArrayList<>();
    for (TrackPoint point : tracks.points()) {
      points.add(IntruderTracksTable.toRow(places.get(point.step()), point));
    }
    return new Followed(points, rejections);
  }

  private static StepIntruders step(TunedVectorStore store, Row step) throws IOException {
    List<Intruder> intruders = new ArrayList<>();
    for (Row intruder : step.<Row>getList(step.fieldIndex("intruder_list"))) {
      intruders.add(
          new Intruder(
              intruder.getAs("singular_index"),
              intruder.getAs("singular_value"),
              intruder.getAs("best_similarity")));
    }
    TunedVectors vectors = store.read(step.getAs("scan_key"));
    return new StepIntruders(step.getAs("step"), step.getAs("task"), intruders, vectors);
  }

  private static Rejection rejection(String checkpointId, String matrix, UserInputException e) {
    return new Rejection(
        checkpointId, matrix, e.file().orElse(null), RejectCode.VECTORS_MISSING, e.getMessage());
  }
}
