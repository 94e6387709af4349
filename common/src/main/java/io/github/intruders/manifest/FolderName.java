package io.github.intruders.manifest;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What an id must be like, since tables keep the rows of a checkpoint in a folder {@code
 * checkpoint_id=ID}, and edited models go to folders that are called so.
 */
public final class FolderName {
  /** What can't be part of a folder's name in every storage. */
  private static final Pattern UNUSABLE =
      Pattern.compile("\\\\|\\p{Cntrl}|^/|/$|//|(^|/)\\.{1,2}(/|$)");

  /** What readers of partitioned tables take for no value; in lower case. */
  private static final Set<String> NO_VALUES =
      Set.of("_none", "__hive_default_partition__", "null");

  /** What Spark writes as % and two digits, beyond control characters. */
  private static final String ESCAPED = "\"#%'*/:=?\\{[]^";

  /**
   * File systems allow 255 for one name; {@code checkpoint_id=} takes 14, and a temporary name that
   * is made of it may take 41 more.
   */
  public static final int MOST_BYTES = 200;

  private FolderName() {}

  /** Why an id can't name a folder, as the end of a sentence; empty if it can. */
  public static Optional<String> fault(String id) {
    if (UNUSABLE.matcher(id).find()) {
      return Optional.of(
          "expected no backslash, control character, '.' or '..' part,"
              + " and no slash at its start or end or beside another");
    }
    if (NO_VALUES.contains(id.toLowerCase(Locale.ROOT))) {
      return Optional.of("readers of the tables take it for no value; choose another");
    }
    int bytes = escapedBytes(id);
    return bytes > MOST_BYTES
        ? Optional.of(
            "it takes %d bytes there, where / and some other characters take three; expected at most %d"
                .formatted(bytes, MOST_BYTES))
        : Optional.empty();
  }

  private static int escapedBytes(String id) {
    int escapes = (int) id.chars().filter(c -> ESCAPED.indexOf(c) >= 0).count();
    return id.getBytes(StandardCharsets.UTF_8).length + 2 * escapes;
  }
}
