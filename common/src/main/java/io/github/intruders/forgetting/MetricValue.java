package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.Objects;

/**
 * One measured value, as a metrics file gives it.
 *
 * @param checkpointId a checkpoint of the manifest, or the base's id
 * @param metric what was measured, such as {@code loss_english} or {@code arc_easy/acc}
 * @param value finite
 * @param higherIsBetter what the file says of the metric, or null
 * @param file where it stands
 * @param place line or key in the file, for messages
 */
public record MetricValue(
    String checkpointId,
    String metric,
    double value,
    Boolean higherIsBetter,
    String file,
    String place)
    implements Serializable {
  public MetricValue {
    Objects.requireNonNull(checkpointId, "checkpointId");
    Objects.requireNonNull(metric, "metric");
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(place, "place");
  }
}
