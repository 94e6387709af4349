package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.Pipeline;
import io.github.intruders.jobs.report.StoreReport;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.jobs.spectra.SpectraStage;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.StoreContents;
import io.github.intruders.spectra.StorePruning;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Fills the spectra store, lists it and prunes it. */
@Command(
    name = "spectra",
    description = {
      "Decomposes the base matrices that the spectra store lacks. With --list, tells what the store"
          + " holds; with --prune, removes what no longer serves. Neither starts Spark, and both are"
          + " safe beside running jobs: whoever finds a decomposition gone computes it again."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders spectra --manifest checkpoints.yaml --spectra s3a://models/spectra",
      "  intruders spectra --list --spectra s3a://models/spectra",
      "  intruders spectra --prune --older-than 30d --dry-run --spectra s3a://models/spectra",
      "  intruders spectra --prune --unused --manifest checkpoints.yaml --spectra spectra"
    })
final class SpectraCommand implements Callable<Integer> {
  private static final Pattern AGE = Pattern.compile("(\\d{1,5})([dh])");

  @Spec private CommandSpec spec;

  @Mixin private InputOptions input;

  @Option(names = "--list", description = "Print one line per stored decomposition, and the total.")
  private boolean list;

  @Option(
      names = "--prune",
      description =
          "Remove links that point at nothing, what a writer left over a day ago, and the"
              + " decompositions that --older-than or --unused name; with both, those that both do.")
  private boolean prune;

  @Option(
      names = "--older-than",
      paramLabel = "AGE",
      description = "For --prune: decompositions written longer ago, such as 30d or 12h.")
  private String olderThan;

  @Option(
      names = "--unused",
      description =
          "For --prune: decompositions that no matrix of the base of --manifest or --base uses,"
              + " whatever is selected. Those of other bases in the same store go, too.")
  private boolean unused;

  @Option(names = "--dry-run", description = "For --prune: only tell what would go.")
  private boolean dryRun;

  @Mixin private JsonOption json;

  @Mixin private RejectsOption rejects;

  @Override
  public Integer call() throws IOException {
    requireConsistent();
    return list || prune ? maintain() : fill();
  }

  private void requireConsistent() {
    if (list && prune) {
      throw new ParameterException(spec.commandLine(), "Give either --list or --prune, not both");
    }
    if (!prune && (olderThan != null || unused || dryRun)) {
      throw new ParameterException(
          spec.commandLine(), "Give --older-than, --unused and --dry-run together with --prune");
    }
  }

  private int maintain() throws IOException {
    Storage storage = DriverStorage.open();
    StoreContents contents = StoreContents.read(storage, input.spectraUri(storage));
    if (list) {
      System.out.print(
          json.isAsked() ? StoreReport.toJson(contents) + "\n" : StoreReport.render(contents));
      return Main.DONE;
    }
    StorePruning pruning = new StorePruning(storage, contents, Instant.now());
    if (olderThan != null) {
      pruning.olderThan(age());
    }
    if (unused) {
      pruning.unusedBy(used(storage));
    }
    List<StorePruning.Removal> removals = dryRun ? pruning.plan() : pruning.run();
    System.out.print(
        json.isAsked()
            ? StoreReport.toJson(contents, removals, dryRun) + "\n"
            : StoreReport.render(contents, removals, dryRun));
    return Main.DONE;
  }

  private Duration age() {
    Matcher age = AGE.matcher(olderThan);
    if (!age.matches()) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use --older-than '%s': expected days or hours, such as 30d or 12h"
              .formatted(olderThan));
    }
    long number = Long.parseLong(age.group(1));
    return age.group(2).equals("d") ? Duration.ofDays(number) : Duration.ofHours(number);
  }

  /** Every matrix of the base, also as part of a fused one. */
  private List<SpectraStore.Place> used(Storage storage) throws IOException {
    String base =
        input
            .baseUri(storage)
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(), "Give --manifest or --base together with --unused"));
    MatrixSelection everything = MatrixSelection.of("", null);
    List<SpectraStore.Place> used = new ArrayList<>();
    for (MatrixSelection selection : List.of(everything, everything.withFusedWeightsSplit())) {
      BasePlan plan = BasePlan.of(storage, "base", base, selection);
      for (BaseMatrix matrix : plan.matrices().values()) {
        used.add(new SpectraStore.Place(matrix.source(), plan.identity(matrix)));
      }
    }
    return used;
  }

  private int fill() throws IOException {
    JobConfig config = input.toConfig();
    try (SparkSession spark = SparkSessions.open("spectra")) {
      List<SpectraStage.Result> results = new Pipeline(spark, config).spectra();
      long computed = results.stream().filter(SpectraStage.Result::computed).count();
      long rejected = results.stream().filter(result -> result.rejection() != null).count();
      long stored = results.size() - computed - rejected;
      List<String> reasons =
          results.stream()
              .filter(result -> result.rejection() != null)
              .map(result -> result.rejection().message())
              .toList();
      if (json.isAsked()) {
        System.out.println(StoreReport.toJson(config.spectraUri(), computed, stored, reasons));
      } else {
        System.out.printf(
            "%d matrices: %d decomposed now, %d in the store before, %d left out%nStore: %s%n",
            results.size(), computed, stored, rejected, config.spectraUri());
        reasons.forEach(reason -> System.out.println("  " + reason));
      }
      if (rejected == results.size()) {
        return Main.UNUSABLE;
      }
      return rejects.exitCode(rejected);
    }
  }
}
