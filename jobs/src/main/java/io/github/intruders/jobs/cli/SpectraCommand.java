package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.IntruderJob;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.jobs.spectra.SpectraStage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Fills the spectra store. */
@Command(
    name = "spectra",
    description = "Decomposes the base matrices that the spectra store lacks.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  intruders spectra --manifest checkpoints.yaml --spectra s3a://models/spectra"
    })
final class SpectraCommand implements Callable<Integer> {
  @Mixin private InputOptions input;

  @Option(
      names = "--allow-rejects",
      description = "Exit with 0 rather than 3 when something was left out.")
  private boolean allowRejects;

  @Override
  public Integer call() throws IOException {
    JobConfig config = input.toConfig();
    try (SparkSession spark = SparkSessions.open("spectra")) {
      List<SpectraStage.Result> results = new IntruderJob(spark, config).spectra();
      long computed = results.stream().filter(SpectraStage.Result::computed).count();
      long rejected = results.stream().filter(result -> result.rejection() != null).count();
      System.out.printf(
          "%d matrices: %d decomposed now, %d in the store before, %d left out%nStore: %s%n",
          results.size(),
          computed,
          results.size() - computed - rejected,
          rejected,
          config.spectraUri());
      results.stream()
          .filter(result -> result.rejection() != null)
          .forEach(result -> System.out.println("  " + result.rejection().message()));
      if (rejected == results.size()) {
        return Main.UNUSABLE;
      }
      return rejected == 0 || allowRejects ? Main.DONE : Main.DONE_WITH_REJECTS;
    }
  }
}
