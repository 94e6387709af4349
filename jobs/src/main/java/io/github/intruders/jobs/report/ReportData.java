package io.github.intruders.jobs.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointFigures.WorstMatrix;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.CheckpointSummariser;
import io.github.intruders.jobs.figures.Ranking;
import io.github.intruders.jobs.report.ReportInput.MatrixId;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What the report shows. All is summed up or cut at a bound: neither the driver's memory nor the
 * page grows with matrices, vectors or, beyond {@link #CHECKPOINTS_DRAWN}, with checkpoints.
 */
final class ReportData {
  /** Of more, so many are drawn, evenly over the counts of intruders. */
  private static final int CHECKPOINTS_DRAWN = 1000;

  private static final int WORST_MATRICES = 60;
  private static final int TAGS_SHOWN = 12;

  static final Comparator<CheckpointResult> MOST_INTRUDERS_FIRST =
      Comparator.comparingInt(CheckpointResult::intruderCount)
          .reversed()
          .thenComparing(CheckpointResult::checkpointId);

  private static final Comparator<CheckpointResult> IN_SEQUENCE =
      Comparator.comparing(
              CheckpointResult::sequence, Comparator.nullsFirst(Comparator.<String>naturalOrder()))
          .thenComparing(
              CheckpointResult::step, Comparator.nullsFirst(Comparator.<Integer>naturalOrder()))
          .thenComparing(CheckpointResult::checkpointId);

  private static final Columns<WorstMatrix> WORST =
      new Columns<WorstMatrix>()
          .text("checkpoint_id", WorstMatrix::checkpointId)
          .text("matrix", WorstMatrix::matrix)
          .number("rows", WorstMatrix::rows)
          .number("cols", WorstMatrix::cols)
          .text("dtype", WorstMatrix::dtype)
          .number("intruder_count", WorstMatrix::intruderCount)
          .number("intruder_energy_share", WorstMatrix::intruderEnergyShare)
          .number("update_rank", WorstMatrix::updateRank)
          .number("update_effective_rank", WorstMatrix::updateEffectiveRank)
          .number("update_effective_rank_low", WorstMatrix::updateEffectiveRankLow)
          .number("update_effective_rank_high", WorstMatrix::updateEffectiveRankHigh)
          .number("update_relative_norm", WorstMatrix::updateRelativeNorm)
          .number("update_spectral_norm", WorstMatrix::updateSpectralNorm)
          .number("base_spectral_norm", WorstMatrix::baseSpectralNorm)
          .number("critical_margin", WorstMatrix::criticalMargin)
          .text("solver", WorstMatrix::solver)
          .number("max_residual", WorstMatrix::maxResidual);

  private static final Columns<CheckpointFigures> FROZEN =
      new Columns<CheckpointFigures>()
          .text("checkpoint_id", CheckpointFigures::checkpointId)
          .number("frozen", CheckpointFigures::frozenInputs)
          .number("matrices", CheckpointFigures::matrices);

  private static final Columns<CheckpointResult> WARNINGS =
      new Columns<CheckpointResult>()
          .text("checkpoint_id", CheckpointResult::checkpointId)
          .text("fidelity", one -> one.identity().fidelity())
          .number("residual", one -> one.identity().fidelityResidual())
          .number("lost_share", one -> one.identity().fidelityLostShare())
          .number("base_overlap", one -> one.identity().baseOverlap())
          .text("warning", one -> one.identity().warning());

  private static final Columns<Rejection> REJECTS =
      new Columns<Rejection>()
          .text("matrix", Rejection::matrix)
          .text("file", Rejection::file)
          .text("code", rejection -> rejection.code().name())
          .text("message", Rejection::message)
          .text("checkpoint_id", Rejection::checkpointId);

  private final ReportInput input;
  private final EmbeddedTables page = new EmbeddedTables();

  private ReportData(ReportInput input) {
    this.input = input;
  }

  /** Draws it; tables of stages that did not run are left out. */
  static JsonNode of(ReportInput input) throws IOException {
    return new ReportData(input).draw();
  }

  private ObjectNode draw() throws IOException {
    List<CheckpointResult> drawn = drawn();
    page.put("checkpoints", checkpoints(Ranking.of(input.checkpoints()), tags(drawn)), drawn);
    Set<String> ids =
        drawn.stream().map(CheckpointResult::checkpointId).collect(Collectors.toSet());
    List<CheckpointFigures> figures =
        input.figures().stream()
            .sorted(Comparator.comparing(CheckpointFigures::checkpointId))
            .toList();
    new VectorFigures(page).put(figures, drawn);
    List<WorstMatrix> worst =
        figures.stream()
            .flatMap(of -> of.worst().stream())
            .sorted(CheckpointSummariser.worstFirst())
            .limit(WORST_MATRICES)
            .toList();
    page.put("worst", WORST, worst);
    List<CheckpointFigures> frozen =
        figures.stream().filter(of -> of.frozenInputs() > 0).limit(CHECKPOINTS_DRAWN).toList();
    if (!frozen.isEmpty()) {
      page.put("frozen", FROZEN, frozen);
    }
    List<CheckpointResult> off =
        input.checkpoints().stream()
            .filter(one -> one.identity().warning() != null)
            .sorted(Comparator.comparing(CheckpointResult::checkpointId))
            .limit(CHECKPOINTS_DRAWN)
            .toList();
    if (!off.isEmpty()) {
      page.put("warnings", WARNINGS, off);
    }
    Set<MatrixId> shown = new LinkedHashSet<>();
    worst.forEach(matrix -> shown.add(new MatrixId(matrix.checkpointId(), matrix.matrix())));
    if (input.sequences() != null) {
      shown.addAll(new SequenceFigures(page).put(input.sequences(), ids));
    }
    new MatrixPictures(page).put(shown, input.details());
    OutcomeFigures outcomes = new OutcomeFigures(page);
    if (input.outcomes() != null) {
      outcomes.putForgetting(input.outcomes(), ids, input.summary().path("base_id").textValue());
    }
    if (input.mitigations() != null) {
      outcomes.putMitigations(input.mitigations());
    }
    if (input.outcomes() != null && input.outcomes().effects() != null) {
      outcomes.putEffects(input.outcomes().effects());
    }
    if (input.checks() != null) {
      new CheckFigures(page).put(input.checks());
    }
    if (input.comparison() != null) {
      new PairPictures(page).put(input.comparison());
    }
    page.put("rejects", REJECTS, input.rejects().stream().limit(ReportInput.MOST_REJECTS).toList());
    ObjectNode data = page.toJson();
    data.set("summary", input.summary());
    data.putObject("counts")
        .put("checkpoints", input.checkpoints().size())
        .put("rejects", input.rejected());
    return data;
  }

  private List<CheckpointResult> drawn() {
    Map<String, List<CheckpointResult>> byBase =
        input.checkpoints().stream()
            .sorted(MOST_INTRUDERS_FIRST)
            .collect(
                Collectors.groupingBy(CheckpointResult::baseId, TreeMap::new, Collectors.toList()));
    return byBase.values().stream()
        .flatMap(ofBase -> Thinning.evenly(ofBase, CHECKPOINTS_DRAWN).stream())
        .sorted(IN_SEQUENCE)
        .toList();
  }

  /** The tags that tell checkpoints apart; the method has a column of its own. */
  private static List<String> tags(List<CheckpointResult> drawn) {
    Map<String, Set<String>> values = new TreeMap<>();
    for (CheckpointResult one : drawn) {
      if (one.tags() != null) {
        one.tags()
            .forEach(
                (tag, value) -> values.computeIfAbsent(tag, unseen -> new HashSet<>()).add(value));
      }
    }
    return values.keySet().stream()
        .filter(tag -> !tag.equals("method") && values.get(tag).size() > 1)
        .limit(TAGS_SHOWN)
        .toList();
  }

  private static Columns<CheckpointResult> checkpoints(
      Map<String, Ranking.Place> places, List<String> tags) {
    Columns<CheckpointResult> columns = columns(places);
    tags.forEach(
        tag -> columns.text("tag " + tag, one -> one.tags() == null ? null : one.tags().get(tag)));
    return columns;
  }

  private static Columns<CheckpointResult> columns(Map<String, Ranking.Place> places) {
    return new Columns<CheckpointResult>()
        .text("checkpoint_id", CheckpointResult::checkpointId)
        .text("base_id", CheckpointResult::baseId)
        .text("sequence", CheckpointResult::sequence)
        .number("step", CheckpointResult::step)
        .text("task", CheckpointResult::task)
        .text("method", CheckpointResult::method)
        .number("place", checkpoint -> place(places.get(checkpoint.checkpointId())))
        .number("matrices", CheckpointResult::matrices)
        .map("intruders", CheckpointResult::intruders)
        .number("intruder_count", CheckpointResult::intruderCount)
        .number("intruder_energy_share", CheckpointResult::intruderEnergyShare)
        .number("update_effective_rank", CheckpointResult::updateEffectiveRank)
        .number("update_relative_norm", CheckpointResult::updateRelativeNorm)
        .number("update_stable_rank", CheckpointResult::updateStableRank)
        .number("update_mass", CheckpointResult::updateMass)
        .number("max_residual", CheckpointResult::maxResidual)
        .number("rejected", CheckpointResult::rejected)
        .number("left_rotation", one -> one.geometry().leftRotation())
        .number("right_rotation", one -> one.geometry().rightRotation())
        .number("left_rotation_mean", one -> one.geometry().leftRotationMean())
        .number("right_rotation_mean", one -> one.geometry().rightRotationMean())
        .number("spectral_shift", one -> one.geometry().spectralShift())
        .number("unchanged_share", one -> one.geometry().unchangedShare());
  }

  private static Integer place(Ranking.Place place) {
    return place == null ? null : place.place();
  }
}
