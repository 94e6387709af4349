package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.AccumulationReport;
import io.github.intruders.jobs.pipeline.StageRun;
import io.github.intruders.jobs.report.ConsoleReport;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Follows intruders along sequences. */
@Command(
    name = "accumulate",
    description = {
      "Follows the intruders of a scan along the manifest's sequences: births, persistence, fading,"
          + " and which task each came with. Decomposes nothing."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  intruders scan --manifest checkpoints.yaml --out results",
      "  intruders accumulate --manifest checkpoints.yaml --out results"
    })
final class AccumulateCommand implements Callable<Integer> {
  @Mixin private InputOptions input;

  @Mixin private RejectsOption rejects;

  @Override
  public Integer call() throws IOException {
    JobConfig config = input.toConfig();
    try (SparkSession spark = SparkSessions.open("accumulate")) {
      AccumulationReport found = new StageRun(spark, config).accumulate();
      System.out.println(ConsoleReport.render(found.steps(), config.tables()));
      return rejects.exitCode(found.rejected());
    }
  }
}
