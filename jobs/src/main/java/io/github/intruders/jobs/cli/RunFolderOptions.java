package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.TablePlace;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which run's output a command reads. */
final class RunFolderOptions {
  @Option(
      names = "--out",
      paramLabel = "URI",
      defaultValue = "intruders-out",
      description = "The run's output folder (default: ${DEFAULT-VALUE}).")
  private String out;

  @Mixin private TableOptions tables;

  /** The folder, qualified. */
  String uri(Storage storage) {
    return storage.qualify(out);
  }

  /** Where the run's tables are. */
  TablePlace tables(Storage storage) {
    return tables.in(uri(storage));
  }
}
