package io.github.intruders.jobs.report;

import io.github.intruders.forgetting.MeasuredForgetting;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** What was measured of the drawn checkpoints by one metric; grows with them alone. */
final class MetricValues implements Serializable {
  private static final long serialVersionUID = 1L;

  private final HashMap<String, Double> byCheckpoint = new HashMap<>();

  /** Adds one, of a checkpoint that may not be drawn. */
  MetricValues with(MeasuredForgetting measured, Set<String> drawn) {
    if (drawn.contains(measured.checkpointId())) {
      byCheckpoint.merge(measured.checkpointId(), measured.forgetting(), Math::max);
    }
    return this;
  }

  MetricValues with(MetricValues other) {
    other.byCheckpoint.forEach(
        (checkpoint, forgetting) -> byCheckpoint.merge(checkpoint, forgetting, Math::max));
    return this;
  }

  Map<String, Double> byCheckpoint() {
    return byCheckpoint;
  }
}
