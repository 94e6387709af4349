package io.github.intruders.jobs.store;

import io.github.intruders.input.Causes;
import io.github.intruders.input.Excerpt;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Files of tables that are not what was written, in one line. */
public final class TableDamage {
  /** As Spark names a file that it failed to read. */
  private static final Pattern FILE =
      Pattern.compile("FAILED_READ_FILE\\S* Encountered error while reading file (\\S+?)\\.\\s");

  private static final String DAMAGED = "is not a Parquet file";

  private TableDamage() {}

  /** The damage behind a failure; empty if there is none. */
  public static Optional<String> in(Throwable failure) {
    List<Throwable> causes = Causes.of(failure);
    for (Throwable cause : causes) {
      Matcher file = FILE.matcher(String.valueOf(cause.getMessage()));
      if (file.find()) {
        return causes.stream()
            .map(one -> String.valueOf(one.getMessage()))
            .filter(message -> message.contains(DAMAGED))
            .findFirst()
            .map(
                message ->
                    "A file of a table is damaged: %s; restore it, or have the tables written to another --out"
                        .formatted(Excerpt.printable(message.lines().findFirst().orElse(""))));
      }
    }
    return Optional.empty();
  }
}
