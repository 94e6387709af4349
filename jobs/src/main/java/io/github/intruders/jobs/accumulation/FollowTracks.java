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

  private static final String AFTER_GAP = " the intruders of the next step count as born";

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
   * @param rejections steps that the matrix could not be followed through; its tracks end before
   *     them
   */
  record Followed(List<Row> points, List<Rejection> rejections) implements Serializable {}

  @Override
  public Followed call(Row group) throws IOException {
    TaskThreads.apply();
    TunedVectorStore store = new ScanLedger(taskStorage.open(), outUri, runId).tunedVectors();
    try (Tracks tracks = new Tracks()) {
      return follow(group, store, tracks);
    }
  }

  private Followed follow(Row group, TunedVectorStore store, Tracks tracks) throws IOException {
    Map<Integer, IntruderTracksTable.Place> places = new HashMap<>();
    List<Rejection> rejections = new ArrayList<>();
    String matrix = group.getAs("matrix");
    Map<Integer, Row> analysed = new HashMap<>();
    for (Row step : group.<Row>getList(group.fieldIndex("steps"))) {
      analysed.put(step.getAs("step"), step);
    }
    int last = 0;
    for (Row scanned : group.<Row>getList(group.fieldIndex("scanned_steps"))) {
      int number = scanned.getAs("step");
      Row step = analysed.get(number);
      if (step == null && places.isEmpty()) {
        continue; // the matrix is not there yet, so there is nothing to follow
      }
      if (number != last + 1) {
        tracks.interrupt(); // a whole step was not scanned
      }
      last = number;
      if (step == null) {
        tracks.interrupt();
        rejections.add(absent(scanned.getAs("checkpoint_id"), matrix, number));
        continue;
      }
      places.put(
          number,
          new IntruderTracksTable.Place(
              group.getAs("sequence"),
              matrix,
              step.getAs("layer"),
              step.getAs("module"),
              step.getAs("checkpoint_id"),
              step.getAs("task"),
              side));
      try {
        add(tracks, store, step);
      } catch (UserInputException e) {
        tracks.interrupt();
        rejections.add(rejection(step.getAs("checkpoint_id"), matrix, e));
      }
    }
    List<Row> points = new ArrayList<>();
    for (TrackPoint point : tracks.points()) {
      points.add(IntruderTracksTable.toRow(places.get(point.step()), point));
    }
    return new Followed(points, rejections);
  }

  /** Adds a step. */
  private static void add(Tracks tracks, TunedVectorStore store, Row step) throws IOException {
    List<Intruder> intruders = new ArrayList<>();
    for (Row intruder : step.<Row>getList(step.fieldIndex("intruder_list"))) {
      intruders.add(
          new Intruder(
              intruder.getAs("singular_index"),
              intruder.getAs("singular_value"),
              intruder.getAs("best_similarity")));
    }
    try (Arena arena = Arena.open()) {
      TunedVectors vectors = store.read(step.getAs("scan_key"));
      tracks.add(new StepIntruders(step.getAs("step"), step.getAs("task"), intruders, vectors));
    }
  }

  /** A step of a sequence of which the scan has nothing at all. */
  static Rejection notScanned(Row step) {
    return new Rejection(
        step.getAs("checkpoint_id"),
        null,
        null,
        RejectCode.STEP_MISSING,
        "Sequence %s can't be followed through step %d, of which the scan's tables have nothing;"
                .formatted(step.getAs("sequence"), step.<Integer>getAs("step"))
            + AFTER_GAP);
  }

  private static Rejection absent(String checkpointId, String matrix, int step) {
    return new Rejection(
        checkpointId,
        matrix,
        null,
        RejectCode.STEP_MISSING,
        "Matrix %s can't be followed through step %d, where the scan has no result for it;"
                .formatted(matrix, step)
            + AFTER_GAP);
  }

  private static Rejection rejection(String checkpointId, String matrix, UserInputException e) {
    return new Rejection(
        checkpointId,
        matrix,
        e.file().orElse(null),
        RejectCode.VECTORS_MISSING,
        e.getMessage() + ";" + AFTER_GAP);
  }
}
