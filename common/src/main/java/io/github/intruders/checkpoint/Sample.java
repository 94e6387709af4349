package io.github.intruders.checkpoint;

import java.io.Serializable;

/**
 * Some bytes of a file as they were when they were looked at.
 *
 * @param offset of the first, from the start of the file
 * @param count how many
 * @param crc32c of them
 */
public record Sample(long offset, int count, long crc32c) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Where the next byte after them stands. */
  long end() {
    return offset + count;
  }
}
