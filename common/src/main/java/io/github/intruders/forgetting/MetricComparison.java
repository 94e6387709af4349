package io.github.intruders.forgetting;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One metric of all checkpoints beside the base's.
 *
 * @param measured one per checkpoint
 * @param rejections what could not be compared
 */
public record MetricComparison(List<MeasuredForgetting> measured, List<Rejection> rejections)
    implements Serializable {
  public MetricComparison {
    measured = List.copyOf(measured);
    rejections = List.copyOf(rejections);
  }

  /**
   * Compares. Of a checkpoint with several values that differ none is used; if they agree, one is.
   *
   * @param metric the metric's name
   * @param values all its values in all files, in any order
   */
  public static MetricComparison of(
      String metric, List<MetricValue> values, String baseId, MetricDirections directions) {
    List<Rejection> rejections = new ArrayList<>();
    Map<String, MetricValue> byCheckpoint = withoutRepeats(values, rejections);
    MetricValue base = byCheckpoint.remove(baseId);
    List<MeasuredForgetting> measured = new ArrayList<>();
    try {
      boolean lowerIsBetter = directions.isLowerBetter(metric, higherIsBetter(metric, values));
      if (base == null) {
        throw UserInputException.inFile(
            RejectCode.METRIC_INVALID,
            values.get(0).file(),
            "Metric '%s' has no usable value of the base '%s'".formatted(metric, baseId));
      }
      for (MetricValue value : byCheckpoint.values()) {
        MeasuredForgetting one = MeasuredForgetting.of(value, base.value(), lowerIsBetter);
        if (Double.isFinite(one.forgetting())) {
          measured.add(one);
        } else {
          rejections.add(rejection(value, "the difference to the base is not finite"));
        }
      }
    } catch (UserInputException e) {
      rejections.add(new Rejection(baseId, null, e.file().orElse(null), e.code(), e.getMessage()));
    }
    return new MetricComparison(measured, rejections);
  }

  private static Map<String, MetricValue> withoutRepeats(
      List<MetricValue> values, List<Rejection> rejections) {
    Map<String, List<MetricValue>> all = new LinkedHashMap<>();
    values.stream()
        .sorted(Comparator.comparing(MetricValue::checkpointId).thenComparing(MetricValue::file))
        .forEach(
            value -> all.computeIfAbsent(value.checkpointId(), id -> new ArrayList<>()).add(value));
    Map<String, MetricValue> single = new LinkedHashMap<>();
    all.forEach(
        (id, found) -> {
          MetricValue first = found.get(0);
          boolean agree = found.stream().allMatch(value -> value.value() == first.value());
          if (agree) {
            single.put(id, first);
          }
          for (MetricValue repeat : found.subList(1, found.size())) {
            rejections.add(
                rejection(
                    repeat,
                    "metric %s of %s stands already in [%s] %s, with %s; %s is used"
                        .formatted(
                            first.metric(),
                            id,
                            first.file(),
                            first.place(),
                            repeat.value() == first.value()
                                ? "the same value"
                                : "%s, not %s".formatted(first.value(), repeat.value()),
                            agree ? "one of them" : "none of them")));
          }
        });
    return single;
  }

  private static Boolean higherIsBetter(String metric, List<MetricValue> values) {
    Boolean said = null;
    for (MetricValue value : values) {
      if (value.higherIsBetter() != null) {
        if (said != null && !said.equals(value.higherIsBetter())) {
          throw UserInputException.inFile(
              RejectCode.METRIC_INVALID,
              value.file(),
              "Metric '%s': the files do not agree whether more is better".formatted(metric));
        }
        said = value.higherIsBetter();
      }
    }
    return said;
  }

  private static Rejection rejection(MetricValue value, String problem) {
    return new Rejection(
        value.checkpointId(),
        null,
        value.file(),
        RejectCode.METRIC_INVALID,
        "[%s] %s: %s".formatted(value.file(), value.place(), problem));
  }
}
