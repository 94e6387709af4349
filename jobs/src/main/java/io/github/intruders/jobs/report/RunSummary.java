package io.github.intruders.jobs.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.Identity;
import io.github.intruders.jobs.figures.Ranking;
import io.github.intruders.jobs.figures.Separation;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.scan.ScanSettings;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A run in short: what it was asked, what it found, how it went. Written to {@code
 * OUT/_summary.json}, with a {@link SummarySeal}.
 *
 * @param runId names the run; the rows that it writes carry it
 * @param baseId the base's id
 * @param topK as it was asked for
 * @param epsilon threshold of the headline count
 * @param side {@code left}, {@code right} or {@code both}
 * @param checkpoints what was found, in the manifest's order
 * @param accumulation every step of every sequence; empty where there is none
 * @param ranking the analysed checkpoints from the least to the most forgetting expected
 * @param forgetting Spearman correlations over all checkpoints; empty without metrics
 * @param criticalMarginAuc how well the margin to the critical strength at the k-th singular value
 *     tells matrices with intruders from those without: area under the ROC curve, 0.5 for chance;
 *     null where there are matrices of one kind only
 * @param criticalMargins the same for each of the critical strengths, with intervals
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
    @JsonIgnoreProperties("matrices") List<AccumulationStep> accumulation,
    List<RankedCheckpoint> ranking,
    List<ForgettingSummary> forgetting,
    Double criticalMarginAuc,
    List<Separation> criticalMargins,
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
   * @param fidelity the verdict on its merge, see {@link Identity}; null where there is none
   * @param descends whether it descends from the base; null where that is not known
   * @param warning why it may not be what it says it is, in words; null where nothing is off
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
      @JsonInclude(JsonInclude.Include.NON_NULL) String fidelity,
      @JsonInclude(JsonInclude.Include.NON_NULL) Boolean descends,
      @JsonInclude(JsonInclude.Include.NON_NULL) String warning,
      int rejected) {
    private static CheckpointSummary of(CheckpointResult result, double epsilon) {
      return new CheckpointSummary(
          result.checkpointId(),
          result.matrices(),
          result.intruderCount(),
          result.isAnalysed() ? new TreeMap<>(result.intruders()) : Map.of(),
          result.isAnalysed() ? result.ties().getOrDefault(Double.toString(epsilon), 0) : 0,
          orZero(result.intruderEnergyShare()),
          orZero(result.updateRelativeNorm()),
          orZero(result.updateEffectiveRank()),
          result.identity().fidelity(),
          result.identity().descends(),
          result.identity().warning(),
          result.rejected());
    }
  }

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
      double updateRelativeNorm) {
    private static RankedCheckpoint of(CheckpointResult result, Ranking.Place place) {
      return new RankedCheckpoint(
          result.checkpointId(),
          place.place(),
          place.meanRank(),
          result.intruderCount(),
          orZero(result.intruderEnergyShare()),
          orZero(result.updateRelativeNorm()));
    }
  }

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
      String reason) {
    static ForgettingSummary of(CorrelationLine line) {
      return new ForgettingSummary(
          line.metric(),
          line.measure(),
          line.grouping(),
          line.n(),
          line.rho(),
          line.pValue(),
          line.ciLow(),
          line.ciHigh(),
          line.reason());
    }
  }

  /**
   * What a scan found.
   *
   * @param results of all checkpoints, in the manifest's order
   * @param figures of those that were analysed
   * @param rejected how many inputs were left out
   * @param elapsedSeconds since the start of the run
   * @param sparkVersion of Spark
   */
  public static RunSummary of(
      JobConfig config,
      String runId,
      List<CheckpointResult> results,
      Collection<CheckpointFigures> figures,
      long rejected,
      double elapsedSeconds,
      String sparkVersion) {
    ScanSettings settings = config.settings();
    RunConditions conditions = new RunConditions(config);
    List<Separation> separations = Separation.of(results, figures);
    return new RunSummary(
        runId,
        config.manifest().baseId(),
        settings.topK().count() > 0 ? settings.topK().count() : settings.topK().text(),
        settings.epsilon(),
        conditions.side(),
        results.stream().map(result -> CheckpointSummary.of(result, settings.epsilon())).toList(),
        List.of(),
        ranking(results),
        List.of(),
        separations.get(0).auc(),
        separations,
        rejected,
        Math.round(elapsedSeconds * 1000) / 1000.0,
        conditions.definition(),
        OpenBlas.description(),
        conditions.settings(),
        routes(figures),
        RunConditions.versions(sparkVersion),
        null);
  }

  private static List<RankedCheckpoint> ranking(List<CheckpointResult> results) {
    Map<String, Ranking.Place> places = Ranking.of(results);
    return results.stream()
        .filter(result -> places.containsKey(result.checkpointId()))
        .map(result -> RankedCheckpoint.of(result, places.get(result.checkpointId())))
        .sorted(
            Comparator.comparingInt(RankedCheckpoint::place)
                .thenComparing(RankedCheckpoint::checkpointId))
        .toList();
  }

  private static Map<String, Long> routes(Collection<CheckpointFigures> figures) {
    Map<String, Long> routes = new TreeMap<>();
    figures.forEach(
        of ->
            of.solvers()
                .forEach((solver, matrices) -> routes.merge(solver, (long) matrices, Long::sum)));
    return routes;
  }

  private static double orZero(Double value) {
    return value == null ? 0 : value;
  }

  /**
   * This run with what its sequences show.
   *
   * @param steps of all sequences, in any order
   * @param alsoRejected what could not be followed
   */
  public RunSummary withAccumulation(
      List<AccumulationStep> steps, long alsoRejected, double totalSeconds) {
    return with(
        AccumulationStep.inOrder(steps), forgetting, alsoRejected, totalSeconds, provenance);
  }

  /**
   * This run with what its metrics say.
   *
   * @param lines see {@link ForgettingReport#strongest}
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
        criticalMargins,
        rejected + alsoRejected,
        totalSeconds,
        definition,
        backend,
        settings,
        routes,
        versions,
        origin);
  }

  /** The summary as the report shows it: without its lists, which the report's tables hold. */
  public ObjectNode withoutLists() {
    return SummaryReader.withoutLists((ObjectNode) mapper(false).valueToTree(this));
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
      JsonMapper mapper = mapper(pretty);
      ObjectNode sealed = mapper.valueToTree(this);
      SummarySeal.put(sealed);
      return mapper.writeValueAsString(sealed);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A summary can always be written as JSON", e);
    }
  }

  private static JsonMapper mapper(boolean pretty) {
    return JsonMapper.builder()
        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .configure(SerializationFeature.INDENT_OUTPUT, pretty)
        .build();
  }
}
