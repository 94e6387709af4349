package io.github.intruders.jobs.cli;

import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.Pipeline;
import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The whole pipeline by a manifest. */
@Command(
    name = "run",
    description = "Runs the whole pipeline by a manifest.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders run --manifest checkpoints.yaml --out results",
      "  intruders run --manifest s3a://models/run.yaml --out s3a://tables/run --top-k 25%% \\",
      "      -- --master spark://host:7077 --executor-memory 8g"
    })
final class RunCommand implements Callable<Integer> {
  @Mixin private InputOptions input;
  @Mixin private MetricsOptions metrics;
  @Mixin private OutcomeOptions outcome;

  @Override
  public Integer call() throws IOException {
    MetricDirections directions = metrics.directions();
    JobConfig config = metrics.applyTo(input.toConfig());
    try (SparkSession spark = SparkSessions.open("run")) {
      return outcome.isDryRun()
          ? outcome.report(new Preflight(spark, config).run())
          : outcome.report(new Pipeline(spark, config).run(directions), config.tables());
    }
  }
}
