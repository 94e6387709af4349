package io.github.intruders.jobs.cli;

import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.StageRun;
import io.github.intruders.jobs.report.ForgettingReport;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Joins metrics and correlates. */
@Command(
    name = "forgetting",
    description =
        "Correlates measured forgetting with what a scan found: reads metrics files and the table"
            + " checkpoints of OUT, writes the tables metrics and forgetting.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders forgetting --manifest checkpoints.yaml --out results",
      "  intruders forgetting --manifest checkpoints.yaml --out results --metrics lm-eval/ \\",
      "      --lower-is-better ece"
    })
final class ForgettingCommand implements Callable<Integer> {
  @Mixin private InputOptions input;
  @Mixin private MetricsOptions metrics;

  @Mixin private RejectsOption rejects;

  @Override
  public Integer call() throws IOException {
    MetricDirections directions = metrics.directions();
    JobConfig config = metrics.applyTo(input.toConfig());
    try (SparkSession spark = SparkSessions.open("forgetting")) {
      ForgettingReport report = new StageRun(spark, config).forgetting(directions);
      System.out.println(report.render(config.tables()));
      return rejects.exitCode(report.rejected());
    }
  }
}
