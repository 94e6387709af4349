package io.github.intruders.decisions;

import io.github.intruders.check.CheckResult.Accepted;
import io.github.intruders.check.CheckResult.Checked;
import io.github.intruders.check.Severity;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.Secrets;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.RunStart;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What is said of a checkpoint in words.
 *
 * @param values name → text, short enough for every server
 */
record MlflowTags(Map<String, String> values) {
  private static final String PREFIX = "intruders.";
  private static final int LONGEST = 2000;

  /** The tags of a checkpoint. */
  static MlflowTags of(
      RunStart run, RunResult result, CheckpointResult checkpoint, Optional<Checked> checked) {
    MlflowTags tags = new MlflowTags(new TreeMap<>());
    tags.put("version", run.version());
    tags.put("checkpoint_id", checkpoint.checkpointId());
    tags.put("base_id", checkpoint.baseId());
    tags.put("tables", run.tables());
    if (run.baseId() != null) { // else the figures are of an earlier run
      tags.put("run_id", run.runId());
    }
    if (result.report() != null) {
      tags.put("report", result.report());
    }
    if (checkpoint.identity().fidelity() != null) {
      tags.put("fidelity", checkpoint.identity().fidelity());
    }
    if (checkpoint.identity().descends() != null) {
      tags.put("descends", checkpoint.identity().descends().toString());
    }
    checked.ifPresent(one -> tags.put(one, result.checked().rules().name(), run.runId()));
    return tags;
  }

  private void put(Checked checked, String rules, String runId) {
    put("check", verdict(checked.accepted()));
    put("check.rules", rules);
    put("check.run_id", runId);
    String broken =
        checked.verdicts().stream()
            .filter(verdict -> verdict.effect() == Severity.ERROR)
            .map(verdict -> verdict.rule().id())
            .distinct()
            .collect(Collectors.joining(", "));
    put("check.broken", broken.isEmpty() ? "none" : broken);
  }

  private static String verdict(Accepted accepted) {
    if (accepted == null) {
      return "refused";
    }
    return accepted == Accepted.BY_HAND ? "accepted by hand" : "accepted";
  }

  private void put(String name, String value) {
    values.put(PREFIX + name, Excerpt.of(Secrets.masked(value), LONGEST));
  }
}
