package io.github.intruders.forgetting;

import io.github.intruders.forgetting.TaskNames.TaskMetric;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The measures of continual learning for one sequence: each metric after each step against the best
 * earlier step and against the step that learnt its task, and their means over the tasks learnt
 * before. The original base is no step. Where a step that counts was not measured, the figure is
 * not known.
 */
public final class TaskMatrix {
  private TaskMatrix() {}

  /**
   * The cells, by step, then by metric.
   *
   * @param values of one sequence, each metric at most once per step, in any order
   * @param steps every step of the sequence with its task, measured or not; a task may be null
   */
  public static List<Retention> of(
      List<SequenceValue> values, Map<Integer, String> steps, TaskNames names) {
    Map<String, List<SequenceValue>> byMetric =
        values.stream().collect(Collectors.groupingBy(one -> one.measured().metric()));
    List<Retention> cells = new ArrayList<>();
    byMetric.forEach((metric, own) -> cells.addAll(cells(own, steps, names.of(metric))));
    return cells.stream()
        .map(cell -> cell.family() == null ? cell : withMeans(cell, cells, new TreeMap<>(steps)))
        .sorted(Comparator.comparingInt(Retention::step).thenComparing(Retention::metric))
        .toList();
  }

  private static List<Retention> cells(
      List<SequenceValue> values, Map<Integer, String> steps, Optional<TaskMetric> of) {
    List<SequenceValue> ordered =
        values.stream().sorted(Comparator.comparingInt(SequenceValue::step)).toList();
    List<Retention> cells = new ArrayList<>();
    SequenceValue best = null;
    for (SequenceValue one : ordered) {
      long earlier = steps.keySet().stream().filter(step -> step < one.step()).count();
      boolean known = best != null && cells.size() == earlier;
      Integer learnt = of.map(metric -> learntAt(metric.task(), one.step(), steps)).orElse(null);
      cells.add(
          new Retention(
              one.sequence(),
              one.step(),
              one.measured().checkpointId(),
              one.task(),
              one.measured().metric(),
              of.map(TaskMetric::task).orElse(null),
              of.map(TaskMetric::family).orElse(null),
              one.measured().value(),
              one.measured().baseValue(),
              one.measured().lowerIsBetter(),
              one.measured().forgetting(),
              known ? (Integer) best.step() : null,
              known ? (Double) (goodness(best) - goodness(one)) : null,
              learnt,
              transfer(one, learnt, ordered),
              null,
              null,
              null));
      best = best == null || goodness(one) > goodness(best) ? one : best;
    }
    return cells;
  }

  private static Double transfer(SequenceValue one, Integer learnt, List<SequenceValue> values) {
    if (learnt == null || learnt == one.step()) {
      return null;
    }
    return values.stream()
        .filter(other -> other.step() == learnt)
        .findFirst()
        .map(then -> goodness(one) - goodness(then))
        .orElse(null);
  }

  /** The last step, up to one, that was tuned for a task; null if there is none. */
  private static Integer learntAt(String task, int step, Map<Integer, String> steps) {
    return steps.entrySet().stream()
        .filter(one -> one.getKey() <= step && task.equals(one.getValue()))
        .map(Map.Entry::getKey)
        .max(Comparator.naturalOrder())
        .orElse(null);
  }

  private static double goodness(SequenceValue one) {
    double value = one.measured().value();
    return one.measured().lowerIsBetter() ? -value : value;
  }

  private static Retention withMeans(
      Retention cell, List<Retention> all, SortedMap<Integer, String> steps) {
    List<String> before =
        steps.headMap(cell.step()).values().stream()
            .filter(task -> task != null && !task.equals(cell.task()))
            .distinct()
            .toList();
    List<Retention> cells =
        all.stream()
            .filter(
                one ->
                    one.step() == cell.step()
                        && cell.family().equals(one.family())
                        && before.contains(one.metricTask()))
            .toList();
    boolean whole = !before.isEmpty() && cells.size() == before.size();
    return cell.withMeans(
        before.size(),
        whole ? mean(cells, Retention::forgettingFromBest) : null,
        whole ? mean(cells, Retention::transfer) : null);
  }

  /** Null if one of them is not known. */
  private static Double mean(List<Retention> cells, Function<Retention, Double> of) {
    return cells.stream().map(of).anyMatch(Objects::isNull)
        ? null
        : (Double) cells.stream().mapToDouble(of::apply).average().orElseThrow();
  }
}
