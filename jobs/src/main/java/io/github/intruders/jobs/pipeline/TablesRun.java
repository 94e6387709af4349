package io.github.intruders.jobs.pipeline;

import io.github.intruders.check.CheckResult;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.listener.Listeners;
import io.github.intruders.jobs.listener.RunFindings;
import io.github.intruders.jobs.listener.RunStart;
import io.github.intruders.jobs.session.Build;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.ChecksTable;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Work on the tables of earlier runs, of which listeners are told. */
public final class TablesRun {
  private static final Logger LOG = LoggerFactory.getLogger(TablesRun.class);

  private final SparkSession spark;
  private final Tables tables;
  private final TablePlace place;
  private final Storage storage;
  private final Listeners listeners;
  private final Instant startedAt = Instant.now();
  private final String runId = Supervision.newRunId(startedAt);

  public TablesRun(
      SparkSession spark, Tables tables, TablePlace place, Storage storage, Listeners listeners) {
    this.spark = spark;
    this.tables = tables;
    this.place = place;
    this.storage = storage;
    this.listeners = listeners;
  }

  /** Names this run. */
  public String runId() {
    return runId;
  }

  /** What is done. */
  @FunctionalInterface
  public interface Work<T> {
    /**
     * Does it.
     *
     * @param findings takes what listeners are to know besides the figures of the checkpoints
     */
    T with(RunFindings findings) throws IOException;
  }

  /**
   * Does it, and tells the listeners.
   *
   * @param command as they are told it
   */
  public <T> T told(String command, Work<T> work) throws IOException {
    RunFindings findings = new RunFindings();
    return new Telling(listeners, findings)
        .around(
            () -> start(command),
            () -> {
              T result = work.with(findings);
              note(findings);
              return result;
            });
  }

  private RunStart start(String command) throws IOException {
    return new RunStart(
        command,
        runId,
        startedAt,
        Build.version(),
        spark.version(),
        null,
        Telling.locations(tables, List.of(CheckpointsTable.TABLE)),
        List.of(),
        place.text(),
        storage);
  }

  /** The work is done: whatever goes wrong here is no fault of it. */
  private void note(RunFindings findings) {
    if (listeners.isEmpty()) {
      return;
    }
    try {
      findings.found(
          tables.stored(CheckpointsTable.TABLE.name()).collectAsList().stream()
              .map(CheckpointsTable::fromRow)
              .toList());
      CheckResult checked = findings.result().checked();
      int rows = checked == null ? 0 : ChecksTable.toRows(checked).size();
      if (rows > 0) {
        findings.wrote(Telling.written(ChecksTable.TABLE, place, tables, (long) rows));
      }
    } catch (IOException | RuntimeException e) {
      LOG.warn("The figures of the checkpoints are not told: {}", Telling.why(e));
    }
  }
}
