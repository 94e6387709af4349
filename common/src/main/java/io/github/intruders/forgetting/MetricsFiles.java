package io.github.intruders.forgetting;

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
            "%d left out as hidden, of a tool, or too deep: %s%s"
                .formatted(
                    skipped.size(),
                    String.join(", ", skipped.stream().limit(MAX_SHOWN).toList()),
                    skipped.size() > MAX_SHOWN ? ", …" : ""));
  }
}
