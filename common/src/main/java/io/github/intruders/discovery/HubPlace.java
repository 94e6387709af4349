package io.github.intruders.discovery;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in the cache of the hub's client: {@code models--OWNER--NAME/snapshots/COMMIT/…}.
 *
 * @param repository what the model's folder in the cache is called with all that is above it
 * @param id OWNER/NAME
 * @param commit the snapshot
 * @param inner what follows in the snapshot; empty for its own folder
 */
record HubPlace(String repository, String id, String commit, String inner) {
  private static final Pattern PLACE =
      Pattern.compile("((?:.*/)?models--([^/]+))/snapshots/([^/]+)(?:/(.*))?", Pattern.DOTALL);

  /** The place that a path or URI is in, if it is in a cache. */
  static Optional<HubPlace> of(String path) {
    Matcher place = PLACE.matcher(path);
    return place.matches()
        ? Optional.of(
            new HubPlace(
                place.group(1),
                place.group(2).replace("--", "/"),
                place.group(3),
                place.group(4) == null ? "" : place.group(4)))
        : Optional.empty();
  }

  /** Whether a file says which snapshot is meant. */
  static boolean isReference(String folder, String name) {
    return name.equals("main") && (folder.endsWith("/refs") || folder.equals("refs"));
  }
}
