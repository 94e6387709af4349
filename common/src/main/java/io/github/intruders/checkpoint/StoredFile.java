package io.github.intruders.checkpoint;

import java.io.Serializable;
import java.util.Objects;

/**
 * One line of a folder's listing.
 *
 * @param uri where it lies
 * @param name the last part of the URI
 * @param lengthBytes 0 for a folder
 * @param modifiedMillis since 1970; 0 where the storage does not know
 * @param etag the storage's own mark of the content; empty where it has none
 * @param directory whether this is a folder
 */
public record StoredFile(
    String uri, String name, long lengthBytes, long modifiedMillis, String etag, boolean directory)
    implements Serializable {
  public StoredFile {
    Objects.requireNonNull(uri, "uri");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(etag, "etag");
  }

  /**
   * What tells whether the file has changed since: its length, and the storage's mark of the
   * content or, where there is none, the time of change.
   */
  public String identity() {
    return lengthBytes + " " + (etag.isEmpty() ? String.valueOf(modifiedMillis) : etag);
  }
}
