package io.github.intruders.jobs.cli;

import picocli.CommandLine.Option;

/** Whether what is left out counts as a success. */
final class RejectsOption {
  @Option(
      names = "--allow-rejects",
      description = "Exit with 0 rather than 3 when something is left out.")
  private boolean allowed;

  /** What a command ends with that leaves out what it can't use. */
  int exitCode(long rejected) {
    return rejected == 0 || allowed ? Main.DONE : Main.DONE_WITH_REJECTS;
  }
}
