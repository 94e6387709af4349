package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.report.DryRun;
import io.github.intruders.jobs.report.PlanReport;
import picocli.CommandLine.Option;

/** Looks before it leaps. */
final class DryRunOption {
  @Option(
      names = "--dry-run",
      description =
          "Tell what would be computed and what is finished already; compute and write nothing."
              + " Exit codes are those of plan.")
  private boolean asked;

  boolean isAsked() {
    return asked;
  }

  /** Prints it and returns the exit code. */
  static int report(DryRun dryRun, RejectsOption rejects) {
    System.out.print(dryRun.render());
    return exitCode(dryRun.plan(), rejects);
  }

  /** What a plan ends with. */
  static int exitCode(PlanReport plan, RejectsOption rejects) {
    if (plan.matrices() == 0) {
      return Main.UNUSABLE;
    }
    return rejects.exitCode(plan.rejected());
  }
}
