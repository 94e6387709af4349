package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;

/**
 * A run in short: what it was asked, what it found, how it went. Written to {@code
 * OUT/_summary.json}.
 *
 * @param runId names the run; every table's rows carry it
 * @param baseId the base's id
 * @param topK as it was asked for
 * @param epsilon threshold of the headline count
 * @param side {@code left}, {@code right} or {@code both}
 * @param checkpoints what was found, in the manifest's order
 * @param accumulation every step of every sequence; empty where there is none
 * @param ranking the analysed checkpoints from the least to the most forgetting expected
 * @param forgetting Spearman correlations over all checkpoints; empty without metrics
 * @param criticalMarginAuc how well the margin to the critical strength tells matrices with
 *     intruders from those without: area under the ROC curve, 0.5 for chance; null where there are
 *     matrices of one kind only
 * @param rejected rows of the rejects table
 * @param elapsedSeconds wall time of the whole run
 * @param definition what was counted, in words
 * @param backend the linear algebra library
 * @param settings every setting that the numbers depend on
 * @param routes solver → how many matrices it answered for
 * @param versions of the job and what it runs on
 * @param provenance what the run came from and how it went
 */
public record RunSummary(
    String runId,
    String baseId,
    Object topK,
    double epsilon,
    String side,
    List<CheckpointSummary> checkpoints,
    List<AccumulationStep> accumulation,
    List<RankedCheckpoint> ranking,
    List<ForgettingSummary> forgetting,
    Double criticalMarginAuc,
    long rejected,
    double elapsedSeconds,
    String definition,
    String backend,
    Map<String, Object> settings,
    Map<String, Long> routes,
    Map<String, String> versions,
    Provenance provenance) {

  /**
   * One checkpoint.
   *
   * @param matrices how many were analysed
   * @param intruderCount at the headline threshold
   * @param intruders threshold → count
   * @param ties how many vectors lie so near the headline threshold that rounding decides
   * @param intruderEnergyShare Σσ² over the intruders relative to all tested vectors
   * @param updateRelativeNorm ‖ΔW‖ relative to ‖W0‖ over the analysed matrices
   * @param updateEffectiveRank mean over the matrices
   * @param rejected how many of its inputs were left out
   */
  public record CheckpointSummary(
      String checkpointId,
      int matrices,
      int intruderCount,
      Map<String, Integer> intruders,
      int ties,
      double intruderEnergyShare,
      double updateRelativeNorm,
      double updateEffectiveRank,
      int rejected) {}

  /**
   * One step of a sequence, over all matrices.
   *
   * @param task what it was tuned for, or null
   * @param intruders born + persisted
   * @param faded intruders of the step before that are no more
   * @param cumulativeBorn births up to here
   */
  public record AccumulationStep(
      String sequence,
      int step,
      String checkpointId,
      String task,
      int intruders,
      int born,
      int persisted,
      int faded,
      int cumulativeBorn,
      double intruderEnergyShare) {}

  /**
   * A checkpoint's place among all, by what the weights say.
   *
   * @param place from 1, the least forgetting expected; equal for equals
   * @param meanRank mean of the ranks by the three figures that follow
   */
  public record RankedCheckpoint(
      String checkpointId,
      int place,
      double meanRank,
      int intruderCount,
      double intruderEnergyShare,
      double updateRelativeNorm) {}

  /** A row of the forgetting table: Spearman's rho with the p-value of the t approximation. */
  public record ForgettingSummary(
      String metric,
      String measure,
      String grouping,
      int n,
      Double rho,
      Double pValue,
      Double ciLow,
      Double ciHigh,
      String reason) {}

  /**
   * This run with what its sequences show.
   *
   * @param alsoRejected what could not be followed
   */
  public RunSummary withAccumulation(
      List<AccumulationStep> steps, long alsoRejected, double totalSeconds) {
    return with(steps, forgetting, alsoRejected, totalSeconds, provenance);
  }

  /**
   * This run with what its metrics say.
   *
   * @param alsoRejected what the metrics lost
   */
  public RunSummary withForgetting(
      List<ForgettingSummary> lines, long alsoRejected, double totalSeconds) {
    return with(accumulation, lines, alsoRejected, totalSeconds, provenance);
  }

  /** This run with what it came from. */
  public RunSummary withProvenance(Provenance other, double totalSeconds) {
    return with(accumulation, forgetting, 0, totalSeconds, other);
  }

  private RunSummary with(
      List<AccumulationStep> steps,
      List<ForgettingSummary> lines,
      long alsoRejected,
      double totalSeconds,
      Provenance origin) {
    return new RunSummary(
        runId,
        baseId,
        topK,
        epsilon,
        side,
        checkpoints,
        steps,
        ranking,
        lines,
        criticalMarginAuc,
        rejected + alsoRejected,
        totalSeconds,
        definition,
        backend,
        settings,
        routes,
        versions,
        origin);
  }

  /** On one line. */
  public String toJson() {
    return json(false);
  }

  /** Over many lines, for people. */
  public String toPrettyJson() {
    return json(true);
  }

  private String json(boolean pretty) {
    try {
      return JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .configure(SerializationFeature.INDENT_OUTPUT, pretty)
          .build()
          .writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A summary can always be written as JSON", e);
    }
  }
}
