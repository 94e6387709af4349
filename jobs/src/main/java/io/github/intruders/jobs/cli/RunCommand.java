package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.discovery.Discovered;
import io.github.intruders.jobs.discovery.DiscoverySettings;
import io.github.intruders.jobs.pipeline.DiscoveryRun;
import io.github.intruders.jobs.pipeline.Pipeline;
import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The whole pipeline by a manifest. */
@Command(
    name = "run",
    description = "Runs the whole pipeline by a manifest, or by what lies in folders.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders run --manifest checkpoints.yaml --out results",
      "  intruders run --discover s3a://models/fleet --out s3a://tables/fleet",
      "  intruders run --manifest s3a://models/run.yaml --out s3a://tables/run --top-k 25%% \\",
      "      -- --master spark://host:7077 --executor-memory 8g"
    })
final class RunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private InputOptions input;

  @Option(
      names = "--discover",
      paramLabel = "URI",
      split = ",",
      description =
          "Look through these folders first, as the command discover does, and add what is new to the"
              + " manifest (default: OUT/manifest.yaml), which is made if it is not there.")
  private List<String> discover;

  @Mixin private DiscoveryOptions discovery;
  @Mixin private MetricsOptions metrics;
  @Mixin private OutcomeOptions outcome;

  @Override
  public Integer call() throws IOException {
    MetricDirections directions = metrics.directions();
    if (discover != null) {
      return discoverAndRun(directions);
    }
    if (discovery.isGiven()) {
      throw new ParameterException(
          spec.commandLine(), "Give --tags, --include-path and --exclude-path with --discover");
    }
    JobConfig config = metrics.applyTo(input.toConfig());
    try (SparkSession spark = SparkSessions.open("run")) {
      return run(spark, config, directions);
    }
  }

  private int discoverAndRun(MetricDirections directions) throws IOException {
    input.requireNoTuned("--discover");
    Storage storage = DriverStorage.open();
    String manifest = input.manifestUri(storage);
    DiscoverySettings settings =
        discovery.settings(storage, discover, input.base(), manifest, manifest);
    try (SparkSession spark = SparkSessions.open("run")) {
      Discovered found = new DiscoveryRun(spark).run(settings, !outcome.isDryRun());
      System.err.print(DiscoveryOptions.told(found, manifest));
      JobConfig config = metrics.applyTo(input.toConfig(storage, found.manifest(), manifest));
      int code = run(spark, config, directions);
      return code == Main.DONE ? DiscoveryOptions.exitCode(found, outcome.rejects()) : code;
    }
  }

  private int run(SparkSession spark, JobConfig config, MetricDirections directions)
      throws IOException {
    return outcome.isDryRun()
        ? outcome.report(new Preflight(spark, config).run())
        : outcome.report(new Pipeline(spark, config).run(directions), config.tables());
  }
}
