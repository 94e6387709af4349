package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.jobs.config.Invocation;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.Pipeline;
import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.manifest.ManifestLocation;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The whole pipeline on the data in the repository, a copy of which is in the jar. */
@Command(
    name = "demo",
    description = {
      "Runs the whole pipeline on sixteen really trained checkpoints, which come with it: a tiny Llama"
          + " tuned over four tasks, in full and by LoRA of rank 1, 8 and 32."
    },
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  intruders demo --out /tmp/demo"})
final class DemoCommand implements Callable<Integer> {
  private static final String HOME = "INTRUDERS_HOME";
  private static final String MANIFEST = "common/data/zoo/manifest.yaml";

  @Option(
      names = "--out",
      paramLabel = "URI",
      defaultValue = "intruders-demo",
      description = "Where the tables go (default: ${DEFAULT-VALUE}).")
  private String out;

  @Spec private CommandSpec spec;
  @Mixin private TableOptions tables;
  @Mixin private OutcomeOptions outcome;

  @Override
  public Integer call() throws IOException {
    String home = System.getenv(HOME);
    Storage storage = DriverStorage.open();
    String manifest =
        home == null
            ? DemoData.unpack(storage, storage.qualify(out))
            : storage.resolve(storage.qualify(home), MANIFEST);
    JobConfig config =
        JobConfig.published(ManifestLocation.read(storage, manifest), storage.qualify(out))
            .withTables(tables.in(storage.qualify(out)))
            .withInvocation(
                Invocation.of(spec.root().commandLine().getParseResult().originalArgs(), manifest));
    try (SparkSession spark = SparkSessions.open("demo")) {
      return outcome.isDryRun()
          ? outcome.report(new Preflight(spark, config).run())
          : outcome.report(
              new Pipeline(spark, config).run(MetricDirections.byName()), config.tables());
    }
  }
}
