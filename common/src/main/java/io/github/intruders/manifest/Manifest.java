package io.github.intruders.manifest;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The comparisons of one run.
 *
 * @param baseId names the base in every table
 * @param baseUri qualified URI of the base checkpoint
 * @param checkpoints the tuned checkpoints, in the manifest's order
 * @param metrics qualified URIs of files with measured metrics, or of folders of them; may be empty
 * @param groupBy names of tags: checkpoints with the same value of one are compared among
 *     themselves, and the groups with each other
 * @param contentHash SHA-256 of the text it was read from, empty if there was none
 */
public record Manifest(
    String baseId,
    String baseUri,
    List<CheckpointSpec> checkpoints,
    List<String> metrics,
    List<String> groupBy,
    String contentHash) {
  public Manifest {
    Objects.requireNonNull(baseId, "baseId");
    Objects.requireNonNull(baseUri, "baseUri");
    checkpoints = List.copyOf(checkpoints);
    metrics = List.copyOf(metrics);
    groupBy = List.copyOf(groupBy);
    Objects.requireNonNull(contentHash, "contentHash");
  }

  /** Comparisons without groups. */
  public Manifest(
      String baseId,
      String baseUri,
      List<CheckpointSpec> checkpoints,
      List<String> metrics,
      String contentHash) {
    this(baseId, baseUri, checkpoints, metrics, List.of(), contentHash);
  }

  /**
   * One comparison without a manifest file. The ids are the last parts of the paths.
   *
   * @param tunedUris one checkpoint or adapter, or a chain of adapters
   * @throws UserInputException if there is none, or an id can't name a folder
   */
  public static Manifest single(String baseUri, List<String> tunedUris) {
    if (tunedUris.isEmpty()) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID, "Expected at least one tuned checkpoint or adapter");
    }
    String tuned = tunedUris.get(tunedUris.size() - 1);
    String baseId = lastParts(baseUri, 1);
    String id = lastParts(tuned, 1);
    if (id.equals(baseId)) {
      id = lastParts(tuned, 2);
    }
    if (id.equals(baseId)) {
      id = id + " (tuned)";
    }
    requireFolderName(baseUri, baseId);
    requireFolderName(tuned, id);
    return new Manifest(
        baseId,
        baseUri,
        List.of(new CheckpointSpec(id, tunedUris, null, null, null, Map.of())),
        List.of(),
        "");
  }

  private static void requireFolderName(String uri, String id) {
    FolderName.fault(id)
        .ifPresent(
            fault -> {
              throw UserInputException.inFile(
                  RejectCode.SETTING_INVALID,
                  uri,
                  "The id that follows from this path, '%s', can't name a folder: %s; give it another"
                          .formatted(id, fault)
                      + " by a manifest");
            });
  }

  /** The ids of the checkpoints, in the manifest's order. */
  public List<String> checkpointIds() {
    return checkpoints.stream().map(CheckpointSpec::id).toList();
  }

  /** The same comparisons with other metrics files. */
  public Manifest withMetrics(List<String> uris) {
    return new Manifest(baseId, baseUri, checkpoints, uris, groupBy, contentHash);
  }

  /** Some of the comparisons, in the same order. */
  public Manifest withCheckpoints(Collection<String> ids) {
    return new Manifest(
        baseId,
        baseUri,
        checkpoints.stream().filter(spec -> ids.contains(spec.id())).toList(),
        metrics,
        groupBy,
        contentHash);
  }

  private static String lastParts(String uri, int count) {
    String[] parts = uri.replaceFirst("^[A-Za-z][\\w+.-]+:/+", "").split("/+", -1);
    StringBuilder last = new StringBuilder();
    for (int i = parts.length - 1; i >= 0 && count > 0; i--) {
      if (!parts[i].isEmpty()) {
        last.insert(0, last.isEmpty() ? parts[i] : parts[i] + "/");
        count--;
      }
    }
    return last.isEmpty() ? "root" : last.toString();
  }
}
