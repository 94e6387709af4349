package io.github.intruders.jobs.cli;

import io.github.intruders.compare.CompareSettings;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.CompareRun;
import io.github.intruders.jobs.report.ComparisonPlan;
import io.github.intruders.jobs.report.ComparisonReport;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares all pairs. */
@Command(
    name = "compare",
    description =
        "Compares all checkpoints of the manifest with each other: cosines of the updates, the spaces"
            + " they use, what a merge would disturb, copies, families. Writes the tables"
            + " adapter_pairs, adapter_pairs_by_matrix, adapter_families and adapter_neighbours."
            + " Needs no scan; where OUT has one, intruders that two checkpoints share are counted"
            + " too.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders compare --manifest adapters.yaml --out results",
      "  intruders compare --manifest adapters.yaml --out results --dry-run",
      "  intruders show adapter_pairs --out results --where \"duplicate IS NOT NULL\""
    })
final class CompareCommand implements Callable<Integer> {
  @Mixin private InputOptions input;

  @Option(
      names = "--leading",
      paramLabel = "N",
      defaultValue = "16",
      description =
          "How many singular triplets are taken of an update that is not of low rank, such as a full"
              + " fine-tune's (default: ${DEFAULT-VALUE}). All are taken of an adapter's.")
  private int leading;

  @Option(
      names = "--family-cosine",
      paramLabel = "C",
      defaultValue = "0.25",
      description =
          "From this cosine of their updates on, two checkpoints are related; families are sought"
              + " among related ones (default: ${DEFAULT-VALUE}).")
  private double familyCosine;

  @Option(
      names = "--max-pairs",
      paramLabel = "N",
      defaultValue = "1000000",
      description = "Refuse to compare more pairs than these (default: ${DEFAULT-VALUE}).")
  private long maxPairs;

  @Option(names = "--dry-run", description = "Tell what it would take; compute and write nothing.")
  private boolean dryRun;

  @Mixin private JsonOption json;

  @Mixin private RejectsOption rejects;

  @Override
  public Integer call() throws IOException {
    CompareSettings settings = new CompareSettings(leading, familyCosine, maxPairs);
    JobConfig config = input.toConfig();
    try (SparkSession spark = SparkSessions.open("compare")) {
      CompareRun run = new CompareRun(spark, config, settings);
      if (dryRun) {
        ComparisonPlan plan = run.plan();
        System.out.print(plan.render());
        return rejects.exitCode(plan.rejected());
      }
      ComparisonReport report = run.run();
      System.out.println(json.isAsked() ? report.toJson() : report.render(config.tables()));
      return rejects.exitCode(report.rejected());
    }
  }
}
