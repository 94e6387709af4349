package io.github.intruders.jobs.pipeline;

import io.github.intruders.input.Causes;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.listener.Listeners;
import io.github.intruders.jobs.listener.OneLine;
import io.github.intruders.jobs.listener.RunFindings;
import io.github.intruders.jobs.listener.RunStart;
import io.github.intruders.jobs.listener.WrittenTable;
import io.github.intruders.jobs.session.Build;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.TableDefinition;
import io.github.intruders.manifest.Manifest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells listeners of work as it begins and ends; costs nothing where there is none. */
record Telling(Listeners listeners, RunFindings findings) {
  private static final Logger LOG = LoggerFactory.getLogger(Telling.class);

  /** What is done. */
  @FunctionalInterface
  interface Work<T> {
    T done() throws IOException;
  }

  /** Does it, and tells before and after. */
  <T> T around(Work<RunStart> begin, Work<T> work) throws IOException {
    if (listeners.isEmpty()) {
      return work.done();
    }
    RunStart start = begin.done();
    T result;
    try {
      listeners.started(start);
      result = work.done();
    } catch (Throwable e) {
      listeners.failed(start, why(e));
      throw e;
    }
    listeners.completed(start, findings.result());
    return result;
  }

  /** A line for those who have no log of the run. */
  static String why(Throwable failure) {
    return OneLine.of(
        Causes.first(UserInputException.class, failure)
            .map(Throwable::getMessage)
            .orElse(failure.toString()));
  }

  /** All that a manifest names. */
  static List<String> inputs(RunContext run) {
    Manifest manifest = run.config().manifest();
    return Stream.of(
            Stream.of(manifest.baseUri()),
            manifest.checkpoints().stream().flatMap(spec -> spec.sources().stream()),
            manifest.metrics().stream())
        .flatMap(uris -> uris)
        .distinct()
        .toList();
  }

  /** Where those of the tables are that there are. */
  static List<String> locations(Tables tables, List<TableDefinition> read) throws IOException {
    List<String> locations = new ArrayList<>();
    for (TableDefinition table : read) {
      if (tables.has(table.name())) {
        locations.add(tables.location(table.name()));
      }
    }
    return locations;
  }

  /** The beginning of a run by a manifest. */
  static RunStart start(String command, RunContext run, List<String> inputs) {
    JobConfig config = run.config();
    return new RunStart(
        command,
        run.runId(),
        run.startedAt(),
        Build.version(),
        run.spark().version(),
        config.manifest().baseId(),
        inputs,
        config.manifest().checkpoints(),
        config.tables().text(),
        run.storage().open());
  }

  /** Notes the tables that were changed. */
  static void wrote(JobConfig config, Tables tables, TableChanges changes, RunFindings findings) {
    if (!config.listeners().isEmpty()) {
      try {
        changes
            .changed()
            .forEach(table -> findings.wrote(written(table, config.tables(), tables, null)));
      } catch (RuntimeException e) { // what is published stays so
        LOG.warn("Not every table that was written is told of: {}", why(e));
      }
    }
  }

  static WrittenTable written(TableDefinition table, TablePlace place, Tables tables, Long rows) {
    return new WrittenTable(
        table.name(),
        tables.location(table.name()),
        place instanceof TablePlace.Catalog ? place.text() + "." + table.name() : null,
        Arrays.stream(table.stored().fields())
            .map(field -> new WrittenTable.Column(field.name(), field.dataType().catalogString()))
            .toList(),
        rows);
  }
}
