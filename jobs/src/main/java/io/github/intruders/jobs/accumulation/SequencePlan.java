package io.github.intruders.jobs.accumulation;

import io.github.intruders.manifest.CheckpointSpec;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The manifest's sequences.
 *
 * @param steps by sequence, in their order
 * @param places of the checkpoints that are steps, by id
 */
record SequencePlan(Map<String, List<Step>> steps, Map<String, Step> places)
    implements Serializable {

  /**
   * One step.
   *
   * @param scanned whether anything of it was analysed
   */
  record Step(String sequence, int step, String task, String checkpointId, boolean scanned)
      implements Serializable {}

  /**
   * From a manifest.
   *
   * @param scanned the checkpoints of which anything was analysed
   */
  static SequencePlan of(List<CheckpointSpec> specs, Set<String> scanned) {
    Map<String, List<Step>> steps = new TreeMap<>();
    Map<String, Step> places = new HashMap<>();
    for (CheckpointSpec spec : specs) {
      if (spec.sequence() != null) {
        Step step =
            new Step(
                spec.sequence(), spec.step(), spec.task(), spec.id(), scanned.contains(spec.id()));
        places.put(spec.id(), step);
        steps.computeIfAbsent(spec.sequence(), unseen -> new ArrayList<>()).add(step);
      }
    }
    steps.values().forEach(of -> of.sort(Comparator.comparingInt(Step::step)));
    return new SequencePlan(steps, places);
  }

  /** The steps of which the scan has nothing. */
  List<Step> unscanned() {
    return steps.values().stream().flatMap(List::stream).filter(step -> !step.scanned()).toList();
  }
}
