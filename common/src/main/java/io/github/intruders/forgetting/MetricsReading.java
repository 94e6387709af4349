package io.github.intruders.forgetting;

import io.github.intruders.input.Rejection;
import java.io.Serializable;
import java.util.List;

/**
 * What one metrics file gave.
 *
 * @param values in the file's order
 * @param rejections entries that can't be used, each with its line or key
 */
public record MetricsReading(List<MetricValue> values, List<Rejection> rejections)
    implements Serializable {
  public MetricsReading {
    values = List.copyOf(values);
    rejections = List.copyOf(rejections);
  }
}
