package io.github.intruders.jobs.listener;

import io.github.intruders.check.CheckResult;
import io.github.intruders.jobs.figures.CheckpointResult;
import java.util.List;

/**
 * What came of a run.
 *
 * @param checkpoints what is known of each that the run dealt with; empty where the command finds
 *     nothing out about checkpoints
 * @param checked what came of the rules; null where none were held
 * @param tables that were changed
 * @param folders URIs of what else was written, such as edited models
 * @param report URI of the page; null where none was drawn
 */
public record RunResult(
    List<CheckpointResult> checkpoints,
    CheckResult checked,
    List<WrittenTable> tables,
    List<String> folders,
    String report) {
  public RunResult {
    checkpoints = List.copyOf(checkpoints);
    tables = List.copyOf(tables);
    folders = List.copyOf(folders);
  }
}
