package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.store.Tables;
import picocli.CommandLine.Option;

/** Which state of the tables to read. */
final class HistoryOptions {
  @Option(
      names = "--as-of",
      paramLabel = "RUN|TIME",
      description =
          "With --catalog: the tables as a run left them, by its run_id (the table runs lists them),"
              + " or as they were at a time in UTC, such as 2026-01-31T06:00:00Z.")
  private String asOf;

  /** Whether an earlier state is asked for. */
  boolean isGiven() {
    return asOf != null;
  }

  /** The tables in that state. */
  Tables applyTo(Tables tables) {
    return asOf == null ? tables : tables.asOf(asOf);
  }
}
