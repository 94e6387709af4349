package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.report.ConsoleReport;
import io.github.intruders.jobs.report.DryRun;
import io.github.intruders.jobs.report.RunSummary;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a run tells what came of it. */
final class OutcomeOptions {
  @Option(
      names = "--json",
      description = "Print the run summary as one line of JSON, last on standard output.")
  private boolean json;

  @Option(
      names = "--allow-rejects",
      description = "Exit with 0 rather than 3 when something was left out.")
  private boolean allowRejects;

  @Mixin private DryRunOption dryRun;

  boolean allowsRejects() {
    return allowRejects;
  }

  boolean isDryRun() {
    return dryRun.isAsked();
  }

  /** Prints what would be done and returns the exit code. */
  int report(DryRun plan) {
    return DryRunOption.report(plan, allowRejects);
  }

  /** Prints the summary and returns the exit code. */
  int report(RunSummary summary, TablePlace tables) {
    System.out.print(
        json ? summary.toJson() + System.lineSeparator() : ConsoleReport.render(summary, tables));
    return Main.doneWithout(summary.rejected(), allowRejects);
  }
}
