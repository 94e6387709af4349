package io.github.intruders.checkpoint;

import java.util.Objects;

/**
 * One line of a folder's listing.
 *
 * @param uri where it lies
 * @param name the last part of the URI
 * @param lengthBytes 0 for a folder
 * @param modifiedMillis since 1970; 0 where the storage does not know
 * @param directory whether this is a folder
 */
public record StoredFile(
    String uri, String name, long lengthBytes, long modifiedMillis, boolean directory) {
  public StoredFile {
    Objects.requireNonNull(uri, "uri");
    Objects.requireNonNull(name, "name");
  }
}
