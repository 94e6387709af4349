package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.Objects;

/**
 * What a file says of the bytes of one of its records.
 *
 * @param record what they are called there, such as {@code record archive/data/0 of the archive}
 * @param crc32 of all its bytes
 */
public record Checksum(String record, long crc32) implements Serializable {
  private static final long serialVersionUID = 1L;

  public Checksum {
    Objects.requireNonNull(record, "record");
  }

  /**
   * Requires the bytes to have this sum.
   *
   * @param found CRC-32 of the bytes that were read
   * @param file that they lie in
   * @param tensor that they are of
   * @throws UserInputException with code {@code CHECKSUM_WRONG}
   */
  public void require(long found, String file, String tensor) {
    if (found != crc32) {
      throw UserInputException.inTensor(RejectCode.CHECKSUM_WRONG, file, tensor, fault(found));
    }
  }

  /** Why the record can't be trusted, if its bytes have another sum. */
  String fault(long found) {
    return "%s is damaged: expected CRC-32 %08x, found %08x; copy or save the file again"
        .formatted(record, crc32, found);
  }
}
