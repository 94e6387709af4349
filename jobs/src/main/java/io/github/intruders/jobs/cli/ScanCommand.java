package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.Pipeline;
import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Finds the intruders. */
@Command(
    name = "scan",
    description = "Finds the intruders and writes the tables.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders scan --base models/llama --tuned adapters/chat --out results",
      "  intruders scan --base models/llama --tuned adapters/step1,adapters/step2 --side both"
    })
final class ScanCommand implements Callable<Integer> {
  @Mixin private InputOptions input;
  @Mixin private OutcomeOptions outcome;

  @Override
  public Integer call() throws IOException {
    JobConfig config = input.toConfig();
    try (SparkSession spark = SparkSessions.open("scan")) {
      return outcome.isDryRun()
          ? outcome.report(new Preflight(spark, config).scan(List.of()))
          : outcome.report(new Pipeline(spark, config).scan(), config.tables());
    }
  }
}
