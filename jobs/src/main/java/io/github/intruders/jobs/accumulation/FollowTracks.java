package io.github.intruders.jobs.accumulation;

import io.github.intruders.accumulation.StepIntruders;
import io.github.intruders.accumulation.SubspaceLocking;
import io.github.intruders.accumulation.TrackPoint;
import io.github.intruders.accumulation.Tracks;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.TrackedIntruder;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.linalg.Arena;
import io.github.intruders.scan.TunedVectorStore;
import io.github.intruders.scan.TunedVectors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.Function;
import scala.Tuple2;

/** Executor work: one matrix along one sequence. */
final class FollowTracks
    implements Function<Tuple2<FollowedMatrix.Id, Iterable<ScannedStep>>, FollowedMatrix> {
  private static final long serialVersionUID = 1L;

  private static final String AFTER_GAP = " the intruders of the next step count as born";

  private final TaskStorage taskStorage;
  private final String outUri;
  private final SequencePlan plan;
  private final String side;

  /**
   * @param outUri where the scan kept the tuned vectors
   * @param side whose vectors are counted, as the tables name it
   */
  FollowTracks(TaskStorage taskStorage, String outUri, SequencePlan plan, String side) {
    this.taskStorage = taskStorage;
    this.outUri = outUri;
    this.plan = plan;
    this.side = side;
  }

  @Override
  public FollowedMatrix call(Tuple2<FollowedMatrix.Id, Iterable<ScannedStep>> matrix)
      throws IOException {
    TaskThreads.apply();
    TunedVectorStore store = Ledger.tunedVectors(taskStorage.open(), outUri);
    Map<String, ScannedStep> analysed = new HashMap<>();
    matrix._2().forEach(step -> analysed.put(step.place().checkpointId(), step));
    for (ScannedStep step : analysed.values()) {
      if (!step.fitsSettings()) {
        return new FollowedMatrix(
            matrix._1(), List.of(), List.of(), List.of(), step.place().checkpointId());
      }
    }
    try (Tracks tracks = new Tracks();
        Arena arena = Arena.open()) {
      return follow(matrix._1(), analysed, store, tracks);
    }
  }

  /** Compares steps with the last one of the sequence; null where that is not known. */
  private SubspaceLocking locking(
      String sequence, Map<String, ScannedStep> analysed, TunedVectorStore store)
      throws IOException {
    List<SequencePlan.Step> places = plan.steps().get(sequence);
    ScannedStep last = analysed.get(places.get(places.size() - 1).checkpointId());
    if (last == null) {
      return null;
    }
    try {
      return new SubspaceLocking(store.read(last.scanKey()));
    } catch (UserInputException e) {
      return null; // rejected in its turn
    }
  }

  private FollowedMatrix follow(
      FollowedMatrix.Id matrix,
      Map<String, ScannedStep> analysed,
      TunedVectorStore store,
      Tracks tracks)
      throws IOException {
    SubspaceLocking locking = locking(matrix.sequence(), analysed, store);
    Map<Integer, Double> locked = new HashMap<>();
    Map<Integer, ScannedStep> followed = new HashMap<>();
    List<Rejection> rejections = new ArrayList<>();
    boolean begun = false;
    for (SequencePlan.Step place : plan.steps().get(matrix.sequence())) {
      ScannedStep step = analysed.get(place.checkpointId());
      begun |= step != null;
      if (step == null) {
        tracks.interrupt();
        if (begun && place.scanned()) {
          rejections.add(absent(place, matrix.matrix()));
        }
        continue;
      }
      try {
        locked.put(place.step(), add(tracks, store, step, locking));
        followed.put(place.step(), step);
      } catch (RuntimeException e) {
        tracks.interrupt();
        rejections.add(rejection(step, UserInputException.of(e, null, step.matrix())));
      }
    }
    List<TrackedIntruder> points = new ArrayList<>();
    for (TrackPoint point : tracks.points()) {
      points.add(tracked(followed.get(point.step()), point));
    }
    return new FollowedMatrix(matrix, points, steps(followed, locked, points), rejections, null);
  }

  /**
   * Adds a step.
   *
   * @return how near it is to the last one, or null
   */
  private static Double add(
      Tracks tracks, TunedVectorStore store, ScannedStep step, SubspaceLocking locking)
      throws IOException {
    try (Arena arena = Arena.open()) {
      TunedVectors vectors = store.read(step.scanKey());
      tracks.add(
          new StepIntruders(step.place().step(), step.place().task(), step.intruders(), vectors));
      return locking == null ? null : locking.of(vectors);
    }
  }

  private TrackedIntruder tracked(ScannedStep step, TrackPoint point) {
    return new TrackedIntruder(
        step.place().sequence(),
        step.matrix(),
        step.layer(),
        step.module(),
        step.place().checkpointId(),
        step.place().task(),
        side,
        point);
  }

  /** Adds up the points of each step that was followed. */
  private static List<MatrixStep> steps(
      Map<Integer, ScannedStep> followed,
      Map<Integer, Double> locked,
      List<TrackedIntruder> points) {
    Map<Integer, Map<TrackPoint.State, Integer>> counts = new HashMap<>();
    for (TrackedIntruder point : points) {
      counts
          .computeIfAbsent(point.point().step(), unseen -> new HashMap<>())
          .merge(point.point().state(), 1, Integer::sum);
    }
    List<MatrixStep> steps = new ArrayList<>();
    int born = 0;
    for (int number : followed.keySet().stream().sorted().toList()) {
      ScannedStep step = followed.get(number);
      Map<TrackPoint.State, Integer> of = counts.getOrDefault(number, Map.of());
      born += of.getOrDefault(TrackPoint.State.BORN, 0);
      steps.add(
          new MatrixStep(
              step.place().sequence(),
              number,
              step.place().checkpointId(),
              step.place().task(),
              step.matrix(),
              step.layer(),
              step.module(),
              step.intruders().size(),
              of.getOrDefault(TrackPoint.State.BORN, 0),
              of.getOrDefault(TrackPoint.State.PERSISTED, 0),
              of.getOrDefault(TrackPoint.State.FADED, 0),
              born,
              step.intruderEnergy(),
              step.energy(),
              locked.get(number)));
    }
    return steps;
  }

  /** A step of a sequence of which the scan has nothing at all. */
  static Rejection notScanned(SequencePlan.Step step) {
    return new Rejection(
        step.checkpointId(),
        null,
        null,
        RejectCode.STEP_MISSING,
        "Sequence %s can't be followed through step %d, of which the scan's tables have nothing;"
                .formatted(step.sequence(), step.step())
            + AFTER_GAP);
  }

  private static Rejection absent(SequencePlan.Step step, String matrix) {
    return new Rejection(
        step.checkpointId(),
        matrix,
        null,
        RejectCode.STEP_MISSING,
        "Matrix %s can't be followed through step %d, where the scan has no result for it;"
                .formatted(matrix, step.step())
            + AFTER_GAP);
  }

  private static Rejection rejection(ScannedStep step, UserInputException e) {
    return new Rejection(
        step.place().checkpointId(),
        step.matrix(),
        e.file().orElse(null),
        RejectCode.VECTORS_MISSING,
        e.getMessage() + ";" + AFTER_GAP);
  }
}
