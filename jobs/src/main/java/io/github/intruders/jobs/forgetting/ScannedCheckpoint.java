package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.Observation;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.Serializable;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A checkpoint as the correlations see it.
 *
 * @param place in the manifest
 * @param sequence that it is a step of, or null
 * @param method how it was tuned, or null
 * @param groupings the groups it is in
 * @param groups the groups that are compared with each other: the value of each tag they go by
 * @param measures what the scan found, by name of the measure; empty if nothing of it was analysed
 * @param incomplete whether some of its matrices were left out
 */
record ScannedCheckpoint(
    int place,
    String sequence,
    String method,
    List<String> groupings,
    Map<String, String> groups,
    Map<String, Double> measures,
    boolean incomplete)
    implements Serializable {
  private static final String SEQUENCE = "sequence=";

  /**
   * The manifest's checkpoints that were scanned, by id.
   *
   * @param results of checkpoints of the manifest's base
   */
  static Map<String, ScannedCheckpoint> of(
      Manifest manifest, Collection<CheckpointResult> results) {
    Map<String, Integer> lastSteps = new HashMap<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      if (spec.sequence() != null) {
        lastSteps.merge(spec.sequence(), spec.step(), Math::max);
      }
    }
    Map<String, CheckpointResult> byId = new HashMap<>();
    results.forEach(result -> byId.put(result.checkpointId(), result));
    Map<String, ScannedCheckpoint> scanned = new LinkedHashMap<>();
    int place = 0;
    for (CheckpointSpec spec : manifest.checkpoints()) {
      CheckpointResult result = byId.get(spec.id());
      if (result != null) {
        scanned.put(
            spec.id(),
            new ScannedCheckpoint(
                place,
                spec.sequence(),
                spec.method().orElse(null),
                groupings(spec, lastSteps, manifest.groupBy()),
                groups(spec, manifest.groupBy()),
                measures(result),
                result.rejected() > 0));
      }
      place++;
    }
    return scanned;
  }

  /** Whether a group holds the steps of one sequence, which are not independent. */
  static boolean isOfOneSequence(String grouping) {
    return grouping.startsWith(SEQUENCE);
  }

  /** As regressions see it. */
  Observation observation(double forgetting) {
    return new Observation(sequence, method, measures, forgetting);
  }

  private static List<String> groupings(
      CheckpointSpec spec, Map<String, Integer> lastSteps, List<String> groupBy) {
    Set<String> groupings = new LinkedHashSet<>(List.of("all"));
    if (spec.sequence() != null) {
      groupings.add(SEQUENCE + spec.sequence());
      if (spec.step().equals(lastSteps.get(spec.sequence()))) {
        groupings.add("last-step");
      }
    }
    spec.method().ifPresent(method -> groupings.add("method=" + method));
    groups(spec, groupBy).forEach((tag, value) -> groupings.add("%s=%s".formatted(tag, value)));
    return List.copyOf(groupings);
  }

  private static Map<String, String> groups(CheckpointSpec spec, List<String> groupBy) {
    Map<String, String> groups = new TreeMap<>();
    for (String tag : groupBy) {
      if (spec.tags().containsKey(tag)) {
        groups.put(tag, spec.tags().get(tag));
      }
    }
    return groups;
  }

  private static Map<String, Double> measures(CheckpointResult result) {
    Map<String, Double> measures = new LinkedHashMap<>();
    for (String measure : CheckpointResult.MEASURE_NAMES) {
      Double value = CheckpointResult.MEASURES.get(measure).apply(result);
      if (result.isAnalysed() && value != null) {
        measures.put(measure, value);
      }
    }
    return measures;
  }
}
