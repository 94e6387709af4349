package io.github.intruders.forgetting;

import io.github.intruders.input.Excerpt;
import java.util.List;
import java.util.Optional;

/**
 * What a URI of metrics stands for.
 *
 * @param files URIs of the files to read, ordered by name
 * @param skipped URIs of files and folders below it that are taken for none, by their names or
 *     their depth
 */
public record MetricsFiles(List<String> files, List<String> skipped) {
  private static final int MAX_SHOWN = 5;

  public MetricsFiles {
    files = List.copyOf(files);
    skipped = List.copyOf(skipped);
  }

  /** How many were left out, and which, for a person; empty if none was. */
  public Optional<String> note() {
    return skipped.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%d left out (hidden, a tool's own, or too deep): %s"
                .formatted(skipped.size(), Excerpt.of(skipped, MAX_SHOWN)));
  }
}
