package io.github.intruders.jobs.report;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.TrackedIntruder;
import io.github.intruders.jobs.report.FollowedMatrix.Step;
import io.github.intruders.jobs.report.ReportInput.MatrixId;
import io.github.intruders.jobs.report.ReportInput.Sequences;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * What the report shows of sequences: their accumulation, and one matrix of some of them, the one
 * with most intruders, followed step by step. Two Spark jobs; what they give is bounded.
 */
final class SequenceFigures {
  private static final int SEQUENCES_FOLLOWED = 12;
  private static final int TRACKS_SHOWN = 12;
  private static final int STEPS_SHOWN = 48;
  private static final int STEPS_PICTURED = 10;

  private static final Columns<AccumulationStep> ACCUMULATION =
      new Columns<AccumulationStep>()
          .text("sequence", AccumulationStep::sequence)
          .number("step", AccumulationStep::step)
          .text("checkpoint_id", AccumulationStep::checkpointId)
          .text("task", AccumulationStep::task)
          .number("intruders", AccumulationStep::intruders)
          .number("born", AccumulationStep::born)
          .number("persisted", AccumulationStep::persisted)
          .number("faded", AccumulationStep::faded)
          .number("cumulative_born", AccumulationStep::cumulativeBorn)
          .number("intruder_energy_share", AccumulationStep::intruderEnergyShare)
          .number("subspace_locking", AccumulationStep::subspaceLocking);

  private static final Columns<FollowedMatrix> FOLLOWED =
      new Columns<FollowedMatrix>()
          .text("sequence", FollowedMatrix::sequence)
          .text("matrix", FollowedMatrix::matrix)
          .number("total", FollowedMatrix::total);

  private static final Columns<Pictured> PICTURED =
      new Columns<Pictured>()
          .text("sequence", of -> of.of.sequence())
          .text("matrix", of -> of.of.matrix())
          .number("step", of -> of.step.step())
          .text("checkpoint_id", of -> of.step.checkpointId())
          .text("task", of -> of.step.task());

  private static final Columns<TrackedIntruder> TRACKS =
      new Columns<TrackedIntruder>()
          .text("sequence", TrackedIntruder::sequence)
          .number("track", of -> of.point().track())
          .number("step", of -> of.point().step())
          .text("task", TrackedIntruder::task)
          .number("singular_index", of -> ifThere(of, Intruder::singularIndex))
          .number("singular_value", of -> ifThere(of, Intruder::singularValue))
          .number("best_similarity", of -> ifThere(of, Intruder::bestSimilarity))
          .number("similarity_to_previous", of -> of.point().similarityLeft())
          .number("born_at_step", of -> of.point().bornAtStep())
          .text("born_by_task", of -> of.point().bornByTask())
          .text("state", of -> of.point().state().name().toLowerCase(Locale.ROOT));

  private final EmbeddedTables page;

  SequenceFigures(EmbeddedTables page) {
    this.page = page;
  }

  private record Pictured(FollowedMatrix of, Step step) {}

  /**
   * Puts the tables of sequences.
   *
   * @param drawn the ids of the checkpoints that are drawn
   * @return the matrices to be shown by themselves
   */
  Set<MatrixId> put(Sequences sequences, Set<String> drawn) {
    page.put(
        "accumulation",
        ACCUMULATION,
        AccumulationStep.inOrder(sequences.steps()).stream()
            .filter(step -> drawn.contains(step.checkpointId()))
            .toList());
    List<FollowedMatrix> followed = followed(sequences.byMatrix());
    List<Pictured> pictured = new ArrayList<>();
    Map<String, String> matrices = new HashMap<>();
    Map<String, Set<Integer>> steps = new HashMap<>();
    for (FollowedMatrix one : followed) {
      List<Step> shown =
          Thinning.evenly(
              one.steps().stream().sorted(Comparator.comparingInt(Step::step)).toList(),
              STEPS_SHOWN);
      matrices.put(one.sequence(), one.matrix());
      steps.put(one.sequence(), new HashSet<>(shown.stream().map(Step::step).toList()));
      Thinning.evenly(shown, STEPS_PICTURED).forEach(step -> pictured.add(new Pictured(one, step)));
    }
    pictured.sort(Comparator.comparing(one -> one.of.sequence())); // steps are in order
    page.put("followed", FOLLOWED, followed);
    page.put("pictured", PICTURED, pictured);
    page.put(
        "tracks",
        TRACKS,
        followed.isEmpty() ? List.of() : points(sequences.tracks(), matrices, steps));
    Set<MatrixId> shown = new HashSet<>();
    pictured.forEach(one -> shown.add(new MatrixId(one.step.checkpointId(), one.of.matrix())));
    return shown;
  }

  private static List<FollowedMatrix> followed(JavaRDD<MatrixStep> byMatrix) {
    return byMatrix
        .mapToPair(
            step ->
                new Tuple2<>(new Tuple2<>(step.sequence(), step.matrix()), FollowedMatrix.of(step)))
        .reduceByKey(FollowedMatrix::plus)
        .filter(matrix -> matrix._2().total() > 0)
        .mapToPair(matrix -> new Tuple2<>(matrix._1()._1(), matrix._2()))
        .reduceByKey(FollowedMatrix::orStronger)
        .values()
        .takeOrdered(SEQUENCES_FOLLOWED);
  }

  /**
   * The tracks that live longest, at the steps that are shown.
   *
   * @param matrices sequence → the matrix that is followed
   * @param steps sequence → those that are shown
   */
  private static List<TrackedIntruder> points(
      JavaRDD<TrackedIntruder> tracks,
      Map<String, String> matrices,
      Map<String, Set<Integer>> steps) {
    return tracks
        .filter(tracked -> tracked.matrix().equals(matrices.get(tracked.sequence())))
        .mapToPair(
            tracked ->
                new Tuple2<>(
                    new Tuple2<>(tracked.sequence(), tracked.point().track()),
                    DrawnTrack.of(
                        tracked, steps.get(tracked.sequence()).contains(tracked.point().step()))))
        .reduceByKey(DrawnTrack::plus)
        .mapToPair(track -> new Tuple2<>(track._1()._1(), List.of(track._2())))
        .reduceByKey((one, other) -> DrawnTrack.first(TRACKS_SHOWN, one, other))
        .values()
        .collect()
        .stream()
        .flatMap(List::stream)
        .flatMap(track -> track.points().stream())
        .sorted(
            Comparator.comparing(TrackedIntruder::sequence)
                .thenComparing(tracked -> tracked.point().track())
                .thenComparing(tracked -> tracked.point().step()))
        .toList();
  }

  private static <T> T ifThere(TrackedIntruder tracked, Function<Intruder, T> value) {
    Intruder intruder = tracked.point().intruder();
    return intruder == null ? null : value.apply(intruder);
  }
}
