package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MetricComparison;
import io.github.intruders.forgetting.MetricsReading;
import io.github.intruders.input.Rejection;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What metrics come to, in numbers and names: as small as the manifest. */
final class MetricCounts implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TreeSet<String> checkpoints = new TreeSet<>();
  private final HashMap<String, Long> rejected = new HashMap<>();
  private long measured;
  private final TreeSet<String> metrics = new TreeSet<>();

  MetricCounts add(MetricsReading reading) {
    reading.values().forEach(value -> metrics.add(value.metric()));
    return add(reading.rejections());
  }

  MetricCounts add(MetricComparison comparison) {
    for (MeasuredForgetting one : comparison.measured()) {
      checkpoints.add(one.checkpointId());
      measured++;
    }
    return add(comparison.rejections());
  }

  private MetricCounts add(List<Rejection> rejections) {
    for (Rejection rejection : rejections) {
      rejected.merge(rejection.checkpointId(), 1L, Long::sum);
    }
    return this;
  }

  MetricCounts add(MetricCounts other) {
    checkpoints.addAll(other.checkpoints);
    other.rejected.forEach((id, count) -> rejected.merge(id, count, Long::sum));
    measured += other.measured;
    metrics.addAll(other.metrics);
    return this;
  }

  /** The checkpoints that anything was measured of. */
  Set<String> checkpoints() {
    return checkpoints;
  }

  /** How much was left out, by checkpoint or whatever else an entry named. */
  Map<String, Long> rejected() {
    return rejected;
  }

  long measured() {
    return measured;
  }

  /** The names of all metrics that were read. */
  Set<String> metrics() {
    return metrics;
  }
}
