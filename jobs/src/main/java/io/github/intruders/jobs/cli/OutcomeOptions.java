package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.report.ConsoleReport;
import io.github.intruders.jobs.report.DryRun;
import io.github.intruders.jobs.report.RunSummary;
import picocli.CommandLine.Mixin;

/** How a run tells what came of it. */
final class OutcomeOptions {
  @Mixin private JsonOption json;

  @Mixin private RejectsOption rejects;

  @Mixin private DryRunOption dryRun;

  RejectsOption rejects() {
    return rejects;
  }

  boolean isDryRun() {
    return dryRun.isAsked();
  }

  /** Prints what would be done and returns the exit code. */
  int report(DryRun plan) {
    return DryRunOption.report(plan, rejects);
  }

  /** Prints the summary and returns the exit code. */
  int report(RunSummary summary, TablePlace tables) {
    System.out.print(
        json.isAsked()
            ? summary.toJson() + System.lineSeparator()
            : ConsoleReport.render(summary, tables));
    return rejects.exitCode(summary.rejected());
  }
}
