package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.report.PlanReport;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Preflight. */
@Command(
    name = "plan",
    description =
        "Tells what would be analysed, what does not fit, and what it would cost. Reads headers and"
            + " computes nothing.",
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  intruders plan --manifest checkpoints.yaml"})
final class PlanCommand implements Callable<Integer> {
  @Mixin private InputOptions input;

  @Option(names = "--json", description = "Print one line of JSON, last on standard output.")
  private boolean json;

  @Option(
      names = "--allow-rejects",
      description = "Exit with 0 rather than 3 when something would be left out.")
  private boolean allowRejects;

  @Override
  public Integer call() throws IOException {
    JobConfig config = input.toConfig();
    try (SparkSession spark = SparkSessions.open("plan")) {
      PlanReport report = new Preflight(spark, config).planReport();
      System.out.print(json ? report.toJson() + "\n" : report.render());
      return DryRunOption.exitCode(report, allowRejects);
    }
  }
}
