package io.github.intruders.jobs.report;

import io.github.intruders.forgetting.Bootstrap;
import io.github.intruders.forgetting.Finding;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MitigationEffect;
import io.github.intruders.forgetting.MitigationEffect.Role;
import io.github.intruders.forgetting.Retention;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.LadderLine;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.report.ReportInput.Outcomes;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.Optional;
import scala.Tuple2;

/** What the report shows of measured forgetting and of mitigation. */
final class OutcomeFigures {
  private static final int METRICS_DRAWN = 20;
  private static final int CORRELATIONS_SHOWN = 600;
  private static final int LADDERS_SHOWN = 40;
  private static final int CELLS_SHOWN = 2000;
  private static final int MITIGATIONS_DRAWN = 40;
  private static final int VARIANTS_SHOWN = 4000;

  private static final Columns<Metric> METRICS = new Columns<Metric>().text("metric", Metric::name);

  private static final Columns<Forgetting> FORGETTING =
      new Columns<Forgetting>()
          .text("checkpoint_id", Forgetting::checkpointId)
          .list("values", Forgetting::values);

  private static final Columns<CorrelationLine> CORRELATIONS =
      new Columns<CorrelationLine>()
          .text("grouping", CorrelationLine::grouping)
          .text("metric", CorrelationLine::metric)
          .text("measure", CorrelationLine::measure)
          .text("method", CorrelationLine::method)
          .number("n", CorrelationLine::n)
          .number("rho", CorrelationLine::rho)
          .number("p_value", CorrelationLine::pValue)
          .text("p_value_method", CorrelationLine::pValueMethod)
          .number("ci_low", CorrelationLine::ciLow)
          .number("ci_high", CorrelationLine::ciHigh)
          .number("incomplete", CorrelationLine::incomplete)
          .text("reason", CorrelationLine::reason);

  private static final Columns<LadderLine> LADDER =
      new Columns<LadderLine>()
          .text("grouping", LadderLine::grouping)
          .text("metric", LadderLine::metric)
          .text("scale", line -> line.rung().scale().text())
          .number("rung", line -> line.rung().rung())
          .text("added", line -> line.rung().added())
          .text("given", line -> String.join(" + ", line.rung().given()))
          .number("n", line -> line.rung().n())
          .number("clusters", line -> line.rung().clusters())
          .number("r2", line -> line.rung().r2())
          .number("gain", line -> line.rung().gain())
          .number("gain_low", line -> low(line.rung().gainInterval()))
          .number("gain_high", line -> high(line.rung().gainInterval()))
          .number("gain_plain_low", line -> low(line.rung().gainPlain()))
          .number("gain_plain_high", line -> high(line.rung().gainPlain()))
          .number("partial", line -> line.rung().partial())
          .number("partial_low", line -> low(line.rung().partialInterval()))
          .number("partial_high", line -> high(line.rung().partialInterval()))
          .number("p_value", line -> line.rung().pValue())
          .number("p_value_holm", line -> line.rung().pValueHolm())
          .text("note", line -> line.rung().note());

  private static final Columns<Retention> TRANSFER =
      new Columns<Retention>()
          .text("sequence", Retention::sequence)
          .number("step", Retention::step)
          .text("checkpoint_id", Retention::checkpointId)
          .text("task", Retention::task)
          .text("metric", Retention::metric)
          .text("metric_task", Retention::metricTask)
          .text("family", Retention::family)
          .number("value", Retention::value)
          .number("base_value", Retention::baseValue)
          .flag("lower_is_better", Retention::lowerIsBetter)
          .number("forgetting", Retention::forgetting)
          .number("best_step", Retention::bestStep)
          .number("forgetting_from_best", Retention::forgettingFromBest)
          .number("learned_at_step", Retention::learnedAtStep)
          .number("transfer", Retention::transfer)
          .number("tasks_before", Retention::tasksBefore)
          .number("average_forgetting", Retention::averageForgetting)
          .number("backward_transfer", Retention::backwardTransfer);

  private static final Columns<Said> FINDINGS =
      new Columns<Said>()
          .text("grouping", Said::grouping)
          .text("metric", Said::metric)
          .text("sentence", Said::sentence);

  private static final Columns<EditedModel> MITIGATIONS =
      new Columns<EditedModel>()
          .text("checkpoint_id", EditedModel::checkpointId)
          .text("variant", EditedModel::variant)
          .number("lambda", EditedModel::lambda)
          .number("intruders_before", EditedModel::intrudersBefore)
          .number("intruders_scaled", EditedModel::intrudersScaled)
          .number("intruders_after", EditedModel::intrudersAfter)
          .number("update_norm_before", EditedModel::updateNormBefore)
          .number("update_norm_after", EditedModel::updateNormAfter)
          .number("reconstruction_error", EditedModel::maxReconstructionError);

  private static final Columns<MitigationEffect> EFFECTS =
      new Columns<MitigationEffect>()
          .text("checkpoint_id", MitigationEffect::checkpointId)
          .text("variant", MitigationEffect::variant)
          .number("lambda", MitigationEffect::lambda)
          .text("metric", MitigationEffect::metric)
          .text("role", effect -> effect.role().text())
          .number("value", MitigationEffect::value)
          .number("change", MitigationEffect::change)
          .number("change_percent", MitigationEffect::changePercent)
          .number("base_value", MitigationEffect::baseValue);

  /** What tells most first: what the model was tuned for, then what it should have kept. */
  private static final Comparator<MitigationEffect> EFFECTS_SHOWN_FIRST =
      Comparator.<MitigationEffect, Boolean>comparing(
              effect -> effect.role() == Role.OTHER_TASK || effect.role() == Role.GENERAL)
          .thenComparing(MitigationEffect::checkpointId)
          .thenComparing(MitigationEffect::role)
          .thenComparing(MitigationEffect::metric)
          .thenComparing(MitigationEffect::lambda, Comparator.nullsLast(Comparator.naturalOrder()))
          .thenComparing(MitigationEffect::variant)
          .thenComparingDouble(MitigationEffect::value);

  private final EmbeddedTables page;

  OutcomeFigures(EmbeddedTables page) {
    this.page = page;
  }

  /** A metric that may be drawn; those that go with the count of intruders most closely first. */
  private record Metric(String name, MetricValues values, MetricLines lines)
      implements Comparable<Metric>, Serializable {
    private static final Comparator<Metric> STRONGEST_FIRST =
        Comparator.comparing(
                (Metric metric) -> metric.lines.strength(),
                Comparator.nullsLast(Comparator.<Double>reverseOrder()))
            .thenComparing(Metric::name);

    private static Metric of(Tuple2<String, Tuple2<MetricValues, Optional<MetricLines>>> joined) {
      return new Metric(
          joined._1(), joined._2()._1(), joined._2()._2().or(new MetricLines(CORRELATIONS_SHOWN)));
    }

    @Override
    public int compareTo(Metric other) {
      return STRONGEST_FIRST.compare(this, other);
    }
  }

  /** What the ladder of a metric and a group says in words. */
  private record Said(String grouping, String metric, String sentence) {}

  /**
   * One checkpoint.
   *
   * @param values metric by metric; some may be null
   */
  private record Forgetting(String checkpointId, List<Double> values) {}

  /**
   * Puts what metrics say, by one Spark job, or two where some metrics are not drawn; what they
   * give is bounded.
   *
   * @param drawn the ids of the checkpoints that are drawn
   * @param baseId the run's base, or null if it is not known
   */
  void putForgetting(Outcomes outcomes, Set<String> drawn, String baseId) {
    List<Metric> first = metrics(outcomes, drawn);
    List<Metric> metrics = first.stream().limit(METRICS_DRAWN).toList();
    page.put("metrics", METRICS, metrics);
    Set<String> measured =
        metrics.size() < first.size()
            ? measured(outcomes.measured(), drawn)
            : metrics.stream()
                .flatMap(metric -> metric.values.byCheckpoint().keySet().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    page.put(
        "forgetting",
        FORGETTING,
        measured.stream().map(checkpoint -> forgetting(checkpoint, metrics)).toList());
    page.put(
        "correlations",
        CORRELATIONS,
        metrics.stream()
            .flatMap(metric -> metric.lines.lines().stream())
            .sorted(MetricLines.ORDER)
            .limit(CORRELATIONS_SHOWN)
            .toList());
    putLadders(metrics, baseId);
    page.put(
        "transfer",
        TRANSFER,
        metrics.stream()
            .flatMap(metric -> metric.lines.transfer().stream())
            .filter(cell -> drawn.contains(cell.checkpointId()))
            .sorted(MetricLines.TRANSFER_ORDER)
            .limit(CELLS_SHOWN)
            .toList());
  }

  /** Ladders of several bases can't be told apart on the page: those of the run's are shown. */
  private void putLadders(List<Metric> metrics, String baseId) {
    List<LadderLine> all =
        metrics.stream()
            .flatMap(metric -> metric.lines.ladder().stream())
            .sorted(MetricLines.LADDER_ORDER)
            .toList();
    String base =
        all.stream()
            .map(LadderLine::baseId)
            .filter(one -> one.equals(baseId))
            .findFirst()
            .orElse(all.isEmpty() ? null : all.get(0).baseId());
    Map<List<String>, List<LadderLine>> ladders =
        all.stream()
            .filter(line -> line.baseId().equals(base))
            .collect(
                Collectors.groupingBy(
                    line -> List.of(line.grouping(), line.metric()),
                    LinkedHashMap::new,
                    Collectors.toList()));
    List<List<LadderLine>> shown = ladders.values().stream().limit(LADDERS_SHOWN).toList();
    page.put("ladder", LADDER, shown.stream().flatMap(List::stream).toList());
    page.put("findings", FINDINGS, shown.stream().map(OutcomeFigures::finding).toList());
  }

  private static Said finding(List<LadderLine> ladder) {
    return new Said(
        ladder.get(0).grouping(),
        ladder.get(0).metric(),
        Finding.of(ladder.stream().map(LadderLine::rung).toList()));
  }

  /** Those that come first, one more than are drawn if there are more. */
  private static List<Metric> metrics(Outcomes outcomes, Set<String> drawn) {
    int tasks = outcomes.measured().context().defaultParallelism();
    return outcomes
        .measured()
        .mapToPair(measured -> new Tuple2<>(measured.metric(), measured))
        .aggregateByKey(
            new MetricValues(),
            tasks,
            (values, measured) -> values.with(measured, drawn),
            MetricValues::with)
        .leftOuterJoin(
            outcomes
                .lines()
                .filter(OutcomeFigures::isShown)
                .mapToPair(
                    line ->
                        new Tuple2<>(line.metric(), new MetricLines(CORRELATIONS_SHOWN).with(line)))
                .union(
                    outcomes
                        .ladder()
                        .mapToPair(
                            line ->
                                new Tuple2<>(
                                    line.metric(), new MetricLines(CORRELATIONS_SHOWN).with(line))))
                .union(
                    outcomes
                        .transfer()
                        .mapToPair(
                            cell ->
                                new Tuple2<>(
                                    cell.metric(), new MetricLines(CORRELATIONS_SHOWN).with(cell))))
                .reduceByKey(MetricLines::with, tasks))
        .map(Metric::of)
        .takeOrdered(METRICS_DRAWN + 1);
  }

  /** One of Spearman's p-values, all of Kendall's. */
  private static boolean isShown(CorrelationLine line) {
    return line.pValueMethod() == null
        || line.pValueMethod().equals("t")
        || line.method().equals("kendall");
  }

  private static Double low(Bootstrap.Interval interval) {
    return interval == null ? null : (Double) interval.low();
  }

  private static Double high(Bootstrap.Interval interval) {
    return interval == null ? null : (Double) interval.high();
  }

  private static Set<String> measured(JavaRDD<MeasuredForgetting> measured, Set<String> drawn) {
    return new TreeSet<>(
        measured
            .map(MeasuredForgetting::checkpointId)
            .filter(drawn::contains)
            .distinct()
            .collect());
  }

  private static Forgetting forgetting(String checkpointId, List<Metric> metrics) {
    List<Double> values = new ArrayList<>(); // with nulls
    metrics.forEach(metric -> values.add(metric.values.byCheckpoint().get(checkpointId)));
    return new Forgetting(checkpointId, values);
  }

  /** What edits did, by one Spark job. */
  void putEffects(JavaRDD<MitigationEffect> effects) {
    page.put(
        "effects",
        EFFECTS,
        effects.takeOrdered(
            VARIANTS_SHOWN,
            (Comparator<MitigationEffect> & Serializable)
                (one, other) -> EFFECTS_SHOWN_FIRST.compare(one, other)));
  }

  /** Of the edited checkpoints that had most intruders, by one Spark job. */
  void putMitigations(JavaRDD<MitigationEntry> mitigations) {
    List<EditedModel> models = EditedModel.of(mitigations);
    Map<String, Long> before =
        models.stream()
            .collect(
                Collectors.toMap(
                    EditedModel::checkpointId, EditedModel::intrudersBefore, Math::max));
    Set<String> most =
        before.keySet().stream()
            .sorted(
                Comparator.<String, Long>comparing(before::get)
                    .reversed()
                    .thenComparing(Comparator.naturalOrder()))
            .limit(MITIGATIONS_DRAWN)
            .collect(Collectors.toSet());
    page.put(
        "mitigations",
        MITIGATIONS,
        models.stream()
            .filter(model -> most.contains(model.checkpointId()))
            .sorted(
                Comparator.comparing(EditedModel::checkpointId)
                    .thenComparing(
                        EditedModel::lambda, Comparator.nullsLast(Comparator.naturalOrder()))
                    .thenComparing(EditedModel::variant))
            .limit(VARIANTS_SHOWN)
            .toList());
  }
}
