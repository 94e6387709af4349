package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.Ladder;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MetricComparison;
import io.github.intruders.forgetting.Observation;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.LadderLine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;

/** Executor work: what each measure adds in explaining one metric, group by group. */
final class ClimbLadder implements FlatMapFunction<MetricComparison, LadderLine> {
  private static final long serialVersionUID = 1L;

  private final String baseId;
  private final Broadcast<Map<String, ScannedCheckpoint>> scanned;

  ClimbLadder(String baseId, Broadcast<Map<String, ScannedCheckpoint>> scanned) {
    this.baseId = baseId;
    this.scanned = scanned;
  }

  @Override
  public Iterator<LadderLine> call(MetricComparison comparison) {
    Map<String, ScannedCheckpoint> known = scanned.value();
    List<MeasuredForgetting> measured = new ArrayList<>(comparison.measured());
    measured.removeIf(
        one ->
            !known.containsKey(one.checkpointId())
                || known.get(one.checkpointId()).measures().isEmpty());
    // resamples depend on the order
    measured.sort(Comparator.comparingInt(one -> known.get(one.checkpointId()).place()));
    Map<String, List<Observation>> groups = new TreeMap<>();
    for (MeasuredForgetting one : measured) {
      ScannedCheckpoint checkpoint = known.get(one.checkpointId());
      for (String grouping : checkpoint.groupings()) {
        if (!ScannedCheckpoint.isOfOneSequence(grouping)) {
          groups
              .computeIfAbsent(grouping, unseen -> new ArrayList<>())
              .add(checkpoint.observation(one.forgetting()));
        }
      }
    }
    List<LadderLine> lines = new ArrayList<>();
    groups.forEach(
        (grouping, observations) ->
            Ladder.of(observations, CheckpointResult.MEASURE_NAMES)
                .forEach(
                    rung ->
                        lines.add(
                            new LadderLine(baseId, measured.get(0).metric(), grouping, rung))));
    return lines.iterator();
  }
}
