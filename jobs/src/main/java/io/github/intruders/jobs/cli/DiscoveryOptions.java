package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.discovery.PathFilter;
import io.github.intruders.discovery.TagPattern;
import io.github.intruders.jobs.discovery.Discovered;
import io.github.intruders.jobs.discovery.DiscoverySettings;
import java.util.List;
import picocli.CommandLine.Option;

/** Which of what lies in a tree is taken, and what is told of it. */
final class DiscoveryOptions {
  @Option(
      names = "--tags",
      paramLabel = "PATTERN",
      description =
          "Take tags from paths below the URI, as {method}/{task}-seed{seed} does; {task} becomes the"
              + " checkpoint's task.")
  private String tags;

  @Option(
      names = "--include-path",
      paramLabel = "GLOB",
      description = "Take just the models whose paths below the URI match; may be repeated.")
  private List<String> includedPaths = List.of();

  @Option(
      names = "--exclude-path",
      paramLabel = "GLOB",
      description =
          "Don't look into folders whose paths below the URI match, such as '**/tmp'; may be repeated.")
  private List<String> excludedPaths = List.of();

  /** Whether any of these options is given. */
  boolean isGiven() {
    return tags != null || !includedPaths.isEmpty() || !excludedPaths.isEmpty();
  }

  /**
   * What is to be looked for.
   *
   * @param uris of folders
   * @param base of the base, or null
   * @param manifestUri qualified, of the manifest to write, or null
   * @param updatedUri qualified, of the manifest to add to, or null
   */
  DiscoverySettings settings(
      Storage storage, List<String> uris, String base, String manifestUri, String updatedUri) {
    return new DiscoverySettings(
        uris.stream().map(storage::qualify).toList(),
        new PathFilter(includedPaths, excludedPaths),
        tags == null ? null : TagPattern.parse(tags),
        base == null ? null : storage.qualify(base),
        manifestUri,
        updatedUri);
  }

  /** What came of it, for a person. */
  static String told(Discovered found, String manifestUri) {
    int broken = found.fleet().broken();
    int leftOut = found.fleet().leftOut().size() - broken;
    return "%s: base %s, %d checkpoints, %d of them new; %d left out, %d can't be used%s%n"
        .formatted(
            manifestUri == null ? "Manifest" : manifestUri,
            found.manifest().baseId(),
            found.manifest().checkpoints().size(),
            found.fleet().added(),
            leftOut,
            broken,
            leftOut + broken == 0 ? "" : " (the manifest's last comments say why)");
  }

  /** What a command ends with. */
  static int exitCode(Discovered found, RejectsOption rejects) {
    return rejects.exitCode(found.fleet().broken());
  }
}
