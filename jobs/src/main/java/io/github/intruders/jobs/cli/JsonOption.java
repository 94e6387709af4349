package io.github.intruders.jobs.cli;

import picocli.CommandLine.Option;

/** Tells programs what came of a command. */
final class JsonOption {
  @Option(names = "--json", description = "Print one line of JSON, last on standard output.")
  private boolean asked;

  boolean isAsked() {
    return asked;
  }
}
