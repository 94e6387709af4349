package io.github.intruders.forgetting;

import java.io.Serializable;

/**
 * What a tuning cost by one metric.
 *
 * @param checkpointId the tuned checkpoint
 * @param metric what was measured
 * @param value of the tuned checkpoint
 * @param baseValue of the base
 * @param lowerIsBetter whether the metric falls as a model gets better
 * @param forgetting how much worse the tuned checkpoint is than the base, in the metric's unit;
 *     negative if it is better
 * @param file where the value stands
 */
public record MeasuredForgetting(
    String checkpointId,
    String metric,
    double value,
    double baseValue,
    boolean lowerIsBetter,
    double forgetting,
    String file)
    implements Serializable {

  static MeasuredForgetting of(MetricValue value, double baseValue, boolean lowerIsBetter) {
    return new MeasuredForgetting(
        value.checkpointId(),
        value.metric(),
        value.value(),
        baseValue,
        lowerIsBetter,
        lowerIsBetter ? value.value() - baseValue : baseValue - value.value(),
        value.file());
  }
}
