package io.github.intruders.checkpoint;

import java.io.Serializable;
import java.util.Objects;

/**
 * What a file says of the bytes of one of its records.
 *
 * @param record such as {@code archive/data/0}
 * @param crc32 of all its bytes
 */
public record Checksum(String record, long crc32) implements Serializable {
  private static final long serialVersionUID = 1L;

  public Checksum {
    Objects.requireNonNull(record, "record");
  }

  /** Why the record can't be trusted, if its bytes have another sum. */
  String fault(long found) {
    return "record %s of the archive is damaged: expected CRC-32 %08x, found %08x; copy or save the file again"
        .formatted(record, crc32, found);
  }
}
