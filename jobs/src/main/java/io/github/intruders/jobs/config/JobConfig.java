package io.github.intruders.jobs.config;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.spectra.SpectrumPart;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Everything a run depends on besides its inputs' contents.
 *
 * @param manifest base and checkpoints
 * @param outUri folder of the report, the summary and what is kept for later runs
 * @param tables where the tables go
 * @param spectraUri folder of the base decompositions
 * @param keptSpectra what is stored of a decomposition
 * @param settings what is looked for
 * @param selection which matrices
 * @param onError what to do when an input is rejected
 * @param invocation how the run was asked for; nothing depends on it
 * @param listeners who is told of it: name → address, empty to go by their own settings; nothing
 *     depends on them either
 */
public record JobConfig(
    Manifest manifest,
    String outUri,
    TablePlace tables,
    String spectraUri,
    SpectrumPart keptSpectra,
    ScanSettings settings,
    MatrixSelection selection,
    OnError onError,
    Invocation invocation,
    Map<String, String> listeners) {
  public JobConfig {
    Objects.requireNonNull(manifest, "manifest");
    Objects.requireNonNull(outUri, "outUri");
    Objects.requireNonNull(tables, "tables");
    Objects.requireNonNull(spectraUri, "spectraUri");
    Objects.requireNonNull(keptSpectra, "keptSpectra");
    Objects.requireNonNull(settings, "settings");
    Objects.requireNonNull(selection, "selection");
    Objects.requireNonNull(onError, "onError");
    Objects.requireNonNull(invocation, "invocation");
    listeners = Map.copyOf(listeners);
  }

  /** The paper's definition with every default. */
  public static JobConfig published(Manifest manifest, String outUri) {
    return new JobConfig(
        manifest,
        outUri,
        new TablePlace.Folder(outUri),
        outUri + "/spectra-store",
        SpectrumPart.BOTH,
        ScanSettings.published(),
        MatrixSelection.of(null, null),
        OnError.CONTINUE,
        Invocation.NONE,
        Map.of());
  }

  /**
   * The same run for some of its checkpoints, in the manifest's order.
   *
   * @throws UserInputException if the manifest has no such checkpoint; names those it has
   */
  public JobConfig withCheckpoints(List<String> ids) {
    List<String> known = manifest.checkpointIds();
    for (String id : ids) {
      if (!known.contains(id)) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "There is no checkpoint '%s'; expected one of %s".formatted(id, known));
      }
    }
    return withManifest(manifest.withCheckpoints(ids));
  }

  /** The same run with another manifest. */
  public JobConfig withManifest(Manifest other) {
    return with(other, tables, invocation);
  }

  /** The same run with its tables in another place. */
  public JobConfig withTables(TablePlace other) {
    return with(manifest, other, invocation);
  }

  /** The same run, asked for in this way. */
  public JobConfig withInvocation(Invocation other) {
    return with(manifest, tables, other);
  }

  private JobConfig with(
      Manifest otherManifest, TablePlace otherTables, Invocation otherInvocation) {
    return new JobConfig(
        otherManifest,
        outUri,
        otherTables,
        spectraUri,
        keptSpectra,
        settings,
        selection,
        onError,
        otherInvocation,
        listeners);
  }

  /** What to do when an input is rejected. */
  public enum OnError {
    /** Go on with the rest. */
    CONTINUE,
    /** Stop at once. */
    FAIL
  }
}
