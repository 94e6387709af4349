package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.config.OwnSettings;
import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.report.PlanReport;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.LocalCores;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

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

  @Mixin private JsonOption json;

  @Mixin private RejectsOption rejects;

  @Override
  public Integer call() throws IOException {
    JobConfig config = input.toConfig();
    PlanReport report = report(config);
    System.out.print(json.isAsked() ? report.toJson() + "\n" : report.render());
    return DryRunOption.exitCode(report, rejects);
  }

  /**
   * On this machine headers are read sooner than a session is open; a cluster is asked what it has.
   */
  private static PlanReport report(JobConfig config) throws IOException {
    SparkConf conf = new SparkConf();
    OwnSettings.require(conf);
    OptionalInt cores = LocalCores.of(conf);
    if (cores.isPresent()) {
      return Preflight.report(config, DriverStorage.open(), conf, cores.getAsInt());
    }
    try (SparkSession spark = SparkSessions.open("plan")) {
      return new Preflight(spark, config).planReport();
    }
  }
}
