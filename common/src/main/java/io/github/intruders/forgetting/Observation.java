package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * One checkpoint as regressions see it.
 *
 * @param sequence the training sequence it is a step of; null for a checkpoint by itself
 * @param method how it was tuned, or null
 * @param measures what the scan found, by name; those that are not known are missing
 * @param forgetting how much worse it is than the base
 */
public record Observation(
    String sequence, String method, Map<String, Double> measures, double forgetting)
    implements Serializable {
  public Observation {
    measures = new TreeMap<>(measures);
  }
}
