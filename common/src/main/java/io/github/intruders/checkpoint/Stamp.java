package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * What tells whether a tensor is still the one that was planned with. It is taken when the header
 * of a file is read, and belongs to all that is made of the tensor. Whoever reads the tensor
 * requires the file to be the same before and after, and the bytes that stream by to be those of
 * the samples.
 *
 * @param version of the file, see {@link StoredFile#identity}
 * @param samples of the tensor's bytes, in ascending order: where a time of change is all that the
 *     storage knows, it can be that of another content of the same length. None where the storage
 *     has a mark of the content, or the file a checksum
 */
public record Stamp(String version, List<Sample> samples) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Times before 2001 are no times of change, and numbers without them are etags. */
  private static final long LEAST_MILLIS = 1_000_000_000_000L;

  public Stamp {
    Objects.requireNonNull(version, "version");
    samples = List.copyOf(samples);
  }

  /** The same for a part of the tensor: only samples within it. */
  Stamp within(long offset, long lengthBytes) {
    return new Stamp(
        version,
        samples.stream()
            .filter(sample -> sample.offset() >= offset && sample.end() <= offset + lengthBytes)
            .toList());
  }

  /**
   * Requires a file to be the one that was planned with.
   *
   * @param found its version now
   * @throws UserInputException with code {@code INPUT_CHANGED}
   */
  public void require(String found, String file) {
    if (!found.equals(version)) {
      throw changed(file, "expected %s, found %s".formatted(describe(version), describe(found)));
    }
  }

  /**
   * Requires the file that lies there now to be the one that was planned with.
   *
   * @throws UserInputException with code {@code INPUT_CHANGED}, also where there is none any more
   */
  public void requireStill(Storage storage, String file) throws IOException {
    try {
      require(storage.status(file).identity(), file);
    } catch (FileNotFoundException e) {
      throw changed(file, "it is not there any more");
    }
  }

  /** That a file is not the one any more that was planned with. */
  private static UserInputException changed(String file, String what) {
    return UserInputException.inFile(
        RejectCode.INPUT_CHANGED,
        file,
        "The file changed during the run: %s; run again once nobody writes to it".formatted(what));
  }

  private static String describe(String version) {
    int blank = version.indexOf(' ');
    String mark = version.substring(blank + 1);
    String length = version.substring(0, blank) + " bytes";
    return mark.matches("\\d{1,18}") && Long.parseLong(mark) >= LEAST_MILLIS
        ? "%s written at %s".formatted(length, Instant.ofEpochMilli(Long.parseLong(mark)))
        : "%s marked %s".formatted(length, mark);
  }

  /** Looks at bytes while they stream by. */
  final class Watch {
    private final List<Seen> pending = new ArrayList<>();

    /** What has been seen of one sample. */
    private static final class Seen {
      private final Sample sample;
      private final CRC32C sum = new CRC32C();
      private long next;

      Seen(Sample sample) {
        this.sample = sample;
        this.next = sample.offset();
      }
    }

    Watch() {
      samples.forEach(sample -> pending.add(new Seen(sample)));
    }

    /** Takes bytes of the file; those of a sample count if they come in order. */
    void see(long offset, byte[] bytes, int count) {
      for (Seen seen : pending) {
        long to = Math.min(offset + count, seen.sample.end());
        if (seen.next >= offset && seen.next < to) {
          seen.sum.update(bytes, (int) (seen.next - offset), (int) (to - seen.next));
          seen.next = to;
        }
      }
    }

    /**
     * Requires the samples that went by as a whole to be as they were.
     *
     * @throws UserInputException with code {@code INPUT_CHANGED}
     */
    void require(String file, String tensor) {
      for (Seen seen : pending) {
        if (seen.next == seen.sample.end() && seen.sum.getValue() != seen.sample.crc32c()) {
          throw changed(
              file,
              "%d bytes of tensor %s from byte %d on are others, though length and time are not"
                  .formatted(seen.sample.count(), tensor, seen.sample.offset()));
        }
      }
    }
  }
}
