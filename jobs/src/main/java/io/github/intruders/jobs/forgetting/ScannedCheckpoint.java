package io.github.intruders.jobs.forgetting;

import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/**
 * A checkpoint as the correlations see it.
 *
 * @param place in the manifest
 * @param groupings the groups it is in
 * @param measures what the scan found, by column of the checkpoints table; empty if nothing of it
 *     was analysed
 * @param incomplete whether some of its matrices were left out
 */
record ScannedCheckpoint(
    int place, List<String> groupings, Map<String, Double> measures, boolean incomplete)
    implements Serializable {

  /**
   * The manifest's checkpoints that the table has, by id.
   *
   * @param rows of the checkpoints table
   */
  static Map<String, ScannedCheckpoint> of(Manifest manifest, List<Row> rows) {
    Map<String, Integer> lastSteps = new HashMap<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      if (spec.sequence() != null) {
        lastSteps.merge(spec.sequence(), spec.step(), Math::max);
      }
    }
    Map<String, Row> byId = new HashMap<>();
    rows.forEach(row -> byId.put(row.getAs("checkpoint_id"), row));
    Map<String, ScannedCheckpoint> scanned = new LinkedHashMap<>();
    int place = 0;
    for (CheckpointSpec spec : manifest.checkpoints()) {
      Row row = byId.get(spec.id());
      if (row != null) {
        scanned.put(
            spec.id(),
            new ScannedCheckpoint(
                place,
                groupings(spec, lastSteps),
                measures(row),
                row.<Integer>getAs("rejected") > 0));
      }
      place++;
    }
    return scanned;
  }

  private static List<String> groupings(CheckpointSpec spec, Map<String, Integer> lastSteps) {
    List<String> groupings = new ArrayList<>(List.of("all"));
    if (spec.sequence() != null) {
      groupings.add("sequence=" + spec.sequence());
      if (spec.step().equals(lastSteps.get(spec.sequence()))) {
        groupings.add("last-step");
      }
    }
    spec.method().ifPresent(method -> groupings.add("method=" + method));
    return List.copyOf(groupings);
  }

  private static Map<String, Double> measures(Row row) {
    Map<String, Double> measures = new LinkedHashMap<>();
    for (String measure : CheckpointsTable.MEASURES) {
      Number value = row.getAs(measure);
      if (row.<Integer>getAs("matrices") > 0 && value != null) {
        measures.put(measure, value.doubleValue());
      }
    }
    return measures;
  }
}
