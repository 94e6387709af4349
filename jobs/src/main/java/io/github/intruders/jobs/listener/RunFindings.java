package io.github.intruders.jobs.listener;

import io.github.intruders.check.CheckResult;
import io.github.intruders.jobs.figures.CheckpointResult;
import java.util.ArrayList;
import java.util.List;

/** Gathers what listeners are told when a run is done. Not for use from several threads. */
public final class RunFindings {
  private final List<WrittenTable> tables = new ArrayList<>();
  private final List<String> folders = new ArrayList<>();
  private List<CheckpointResult> checkpoints = List.of();
  private CheckResult checked;
  private String report;

  /** What is known of checkpoints. */
  public void found(List<CheckpointResult> results) {
    checkpoints = results;
  }

  /** What came of rules. */
  public void checked(CheckResult result) {
    checked = result;
  }

  /** A table was changed. */
  public void wrote(WrittenTable table) {
    tables.add(table);
  }

  /** A folder was written that is no table. */
  public void wrote(String folder) {
    folders.add(folder);
  }

  /** The report was drawn. */
  public void drew(String page) {
    report = page;
  }

  /** All of it. */
  public RunResult result() {
    return new RunResult(checkpoints, checked, tables, folders, report);
  }
}
