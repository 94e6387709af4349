package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.MitigationRun;
import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.report.MitigationReport;
import io.github.intruders.jobs.report.MitigationSummary;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Selection;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes edited models. */
@Command(
    name = "mitigate",
    description =
        "Writes adapters and checkpoints with scaled intruders, in the format of their input, below"
            + " OUT/mitigated, and the table mitigations. The edit of a chain of adapters is one adapter"
            + " for the whole chain: load it on the plain base, not on a model that the earlier"
            + " adapters are merged into.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders mitigate --manifest checkpoints.yaml --lambda 0.75 --out results",
      "  intruders mitigate --manifest checkpoints.yaml --checkpoint chat-lora/2 \\",
      "      --lambda 0,0.25,0.5,0.75 --controls --out results",
      "  intruders mitigate --manifest checkpoints.yaml --spike-budget 1,2 --hard-threshold \\",
      "      --controls --out results",
      "  intruders mitigate --base models/llama --tuned adapters/chat --lambda 0 --select all"
    })
final class MitigateCommand implements Callable<Integer> {
  @Mixin private InputOptions input;

  @Option(
      names = "--checkpoint",
      paramLabel = "ID",
      split = ",",
      description = "Edit just these checkpoints of the manifest (default: all).")
  private List<String> checkpoints;

  @Option(
      names = "--lambda",
      paramLabel = "L",
      split = ",",
      defaultValue = "0.75",
      description =
          "Factor of the intruders: 0 removes them, 1 changes nothing, more amplifies; each makes a"
              + " model of its own (default: ${DEFAULT-VALUE}).")
  private List<Double> lambdas;

  @Option(
      names = "--select",
      defaultValue = "top",
      description =
          "top: the top-ranked intruder of each matrix, as in the paper; all: every intruder among"
              + " the tested vectors (default: ${DEFAULT-VALUE}).")
  private Selection selection;

  @Option(
      names = "--keep-rank",
      description =
          "Give an edited adapter the rank it had, by the nearest update of that rank; the table"
              + " tells the error. Otherwise it grows by one per scaled vector and is exact.")
  private boolean keepRank;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Repeat on the result until no intruder is left, at most N times (default:"
              + " ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--spike-budget",
      paramLabel = "F",
      split = ",",
      arity = "0..1",
      fallbackValue = "1",
      description =
          "Also write models whose updates are scaled down, matrix by matrix, to F times the"
              + " strength at which the base's spectrum lets a new direction be expected (column"
              + " critical_strength_edge); F is 1 where none is given. Weaker updates stay.")
  private List<Double> budgets;

  @Option(
      names = "--hard-threshold",
      description =
          "Also write models whose updates keep only the singular values that noise would not have"
              + " (Gavish and Donoho's threshold, from the median). For full fine-tunes: the update"
              + " of an adapter has too low a rank to lose any.")
  private boolean hardThreshold;

  @Option(
      names = "--controls",
      description =
          "Also write what to compare with: neighbour (the nearest vector that is no intruder,"
              + " scaled the same way), shrink (the whole update, scaled to the same norm), random"
              + " (random directions of equal strength), outside (as much of the update outside the"
              + " intruders).")
  private boolean controls;

  @Mixin private JsonOption json;

  @Mixin private RejectsOption rejects;

  @Mixin private DryRunOption dryRun;

  @Override
  public Integer call() throws IOException {
    MitigationSettings settings =
        new MitigationSettings(
            lambdas,
            selection,
            keepRank,
            rounds,
            controls,
            budgets == null ? List.of() : budgets,
            hardThreshold);
    JobConfig config = input.toConfig();
    if (checkpoints != null) {
      config = config.withCheckpoints(checkpoints);
    }
    try (SparkSession spark = SparkSessions.open("mitigate")) {
      if (dryRun.isAsked()) {
        return DryRunOption.report(new Preflight(spark, config).mitigate(settings), rejects);
      }
      MitigationSummary summary = new MitigationRun(spark, config, settings).run();
      System.out.println(
          json.isAsked()
              ? summary.toJson()
              : MitigationReport.render(summary, config.outUri(), config.tables()));
      return rejects.exitCode(summary.rejected());
    }
  }
}
