package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.Invocation;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.manifest.ManifestLocation;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.scan.RankChoice;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.scan.TopK;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What to compare, where the results go and what to look for: the options most commands share. */
final class InputOptions {
  /** What {@code --store} keeps. */
  enum StoreOption {
    ALL,
    SIDE
  }

  /** Which sides {@code --side} names. */
  enum SideOption {
    LEFT,
    RIGHT,
    BOTH;

    private List<Side> sides() {
      return this == BOTH
          ? List.of(Side.LEFT, Side.RIGHT)
          : List.of(this == LEFT ? Side.LEFT : Side.RIGHT);
    }
  }

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--manifest",
      paramLabel = "FILE",
      description = "YAML or JSON: base, checkpoints, metrics.")
  private String manifest;

  @Option(
      names = "--base",
      paramLabel = "URI",
      description = "For one comparison: the base checkpoint.")
  private String base;

  @Option(
      names = "--tuned",
      paramLabel = "URI",
      split = ",",
      description =
          "For one comparison: a tuned checkpoint or adapter; several adapters form a chain, applied"
              + " in that order.")
  private List<String> tuned;

  @Option(
      names = "--out",
      paramLabel = "URI",
      defaultValue = "intruders-out",
      description = "Where the results go (default: ${DEFAULT-VALUE}).")
  private String out;

  @Mixin private TableOptions tables;
  @Mixin private ListenerOptions listeners;

  @Option(
      names = "--spectra",
      paramLabel = "URI",
      description = "The store of base decompositions (default: OUT/spectra-store).")
  private String spectra;

  @Option(
      names = "--store",
      defaultValue = "all",
      description =
          "What the store keeps of a decomposition: all, or side, which is just what --side compares"
              + " and enough for full fine-tunes; adapters and sequences need all (default:"
              + " ${DEFAULT-VALUE}).")
  private StoreOption store;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      defaultValue = "10",
      description =
          "How many leading singular vectors to test; also a share such as 25%%, or all. The table"
              + " similarity holds the leading 64 x 64 at most (default: ${DEFAULT-VALUE}).")
  private String topK;

  @Option(
      names = "--epsilon",
      paramLabel = "E",
      split = ",",
      defaultValue = "0.5",
      description =
          "Similarity below which a vector is an intruder; the first one gives the headline count,"
              + " 0.1 … 0.9 are always stored (default: ${DEFAULT-VALUE}).")
  private List<Double> epsilons;

  @Option(
      names = "--side",
      defaultValue = "left",
      description = "Singular vectors to compare: left, right or both (default: ${DEFAULT-VALUE}).")
  private SideOption side;

  @Option(
      names = "--include",
      paramLabel = "REGEX",
      description =
          "Analyse just the tensors whose names contain a match; brings in embeddings and heads too.")
  private String include;

  @Option(
      names = "--exclude",
      paramLabel = "REGEX",
      description = "Leave out tensors whose names contain a match.")
  private String exclude;

  @Option(
      names = "--split-fused",
      description =
          "Analyse queries, keys and values of a fused layer one by one, and so gate and up"
              + " projections; names become such as NAME[q].")
  private boolean splitFused;

  @Option(
      names = "--solver",
      defaultValue = "auto",
      description =
          "auto: for each base matrix the cheaper of the next two, see plan; stored: by the base's"
              + " decomposition, which is made and stored where it is missing; krylov: by certified"
              + " bounds, the base is not decomposed; exact: dense decompositions, the published"
              + " algorithm (default: ${DEFAULT-VALUE}).")
  private SolverChoice solver;

  @Option(
      names = "--exact-rank",
      description =
          "Find the effective rank of every full fine-tune's update from all its singular values."
              + " Without this option it is an estimate with bounds where that is cheaper, for"
              + " matrices from about 1050 x 1050 on.")
  private boolean exactRank;

  @Option(
      names = "--on-error",
      defaultValue = "continue",
      description = "When an input is broken: continue or fail (default: ${DEFAULT-VALUE}).")
  private JobConfig.OnError onError;

  /** The run these options describe. */
  JobConfig toConfig() throws IOException {
    if (manifest == null && (base == null || tuned == null)) {
      throw new ParameterException(
          spec.commandLine(), "Missing inputs: give --manifest, or --base and --tuned");
    }
    if (manifest != null && (base != null || tuned != null)) {
      throw new ParameterException(
          spec.commandLine(), "Give either --manifest, or --base and --tuned, not both");
    }
    Storage storage = DriverStorage.open();
    return manifest == null
        ? toConfig(
            storage,
            Manifest.single(storage.qualify(base), tuned.stream().map(storage::qualify).toList()),
            null)
        : toConfig(storage, ManifestLocation.read(storage, manifest), storage.qualify(manifest));
  }

  /**
   * The run these options describe, over a manifest that they don't name.
   *
   * @param manifestUri where it lies; null if it lies nowhere
   */
  JobConfig toConfig(Storage storage, Manifest inputs, String manifestUri) {
    String outUri = storage.qualify(out);
    MatrixSelection selection = MatrixSelection.of(include, exclude);
    ScanSettings settings =
        new ScanSettings(
            TopK.parse(topK),
            epsilons,
            side.sides(),
            solver,
            exactRank ? RankChoice.EXACT : RankChoice.AUTO);
    return new JobConfig(
        inputs,
        outUri,
        tables.in(outUri),
        spectraUri(storage),
        store == StoreOption.ALL ? SpectrumPart.BOTH : settings.part(),
        settings,
        splitFused ? selection.withFusedWeightsSplit() : selection,
        onError,
        Invocation.of(spec.root().commandLine().getParseResult().originalArgs(), manifestUri),
        listeners.asked());
  }

  /** The manifest that these options name; in the output folder if they name none. */
  String manifestUri(Storage storage) {
    return manifest == null
        ? storage.resolve(storage.qualify(out), "manifest.yaml")
        : storage.qualify(manifest);
  }

  /** The base that these options name; null if they don't. */
  String base() {
    return base;
  }

  /** Refuses {@code --tuned} beside what {@code with} names. */
  void requireNoTuned(String with) {
    if (tuned != null) {
      throw new ParameterException(
          spec.commandLine(), "Give either --tuned or %s, not both".formatted(with));
    }
  }

  /** The store of base decompositions, named or by the output folder. */
  String spectraUri(Storage storage) {
    return spectra == null
        ? storage.resolve(storage.qualify(out), "spectra-store")
        : storage.qualify(spectra);
  }

  /** The base that these options name, if they do. */
  Optional<String> baseUri(Storage storage) throws IOException {
    if (manifest != null) {
      return Optional.of(ManifestLocation.read(storage, manifest).baseUri());
    }
    return Optional.ofNullable(base).map(storage::qualify);
  }
}
