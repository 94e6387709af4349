package io.github.intruders.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Random access to one open file. For one thread at a time; whoever opens it closes it. */
public interface RangeSource extends Closeable {
  /** Where the file lies, as its {@link Storage} names it. */
  String uri();

  /** The file's length when it was opened. */
  long lengthBytes();

  /** What the storage said of the file when it was opened; empty where it says nothing. */
  default Optional<StoredFile> opened() {
    return Optional.empty();
  }

  /**
   * Whether reads fail from the moment on when another file takes this one's place, so that all
   * that was read is of one file.
   */
  default boolean failsWhenReplaced() {
    return false;
  }

  /**
   * Copies bytes of the file.
   *
   * @param offset of the first byte, from the start of the file
   * @param into receives {@code count} bytes from {@code start} on
   * @throws java.io.EOFException if the file ends before the last of them
   */
  void readFully(long offset, byte[] into, int start, int count) throws IOException;

  /**
   * A piece of a file.
   *
   * @param offset of its first byte, from the start of the file
   * @param count how many bytes
   */
  record Range(long offset, int count) {}

  /**
   * Copies several pieces of the file, one behind the other into the array's start. A remote
   * storage is asked for them side by side.
   *
   * @param ranges that don't overlap, in ascending order
   * @throws java.io.EOFException if the file ends before the last of them
   */
  default void readFully(List<Range> ranges, byte[] into) throws IOException {
    int start = 0;
    for (Range range : ranges) {
      readFully(range.offset(), into, start, range.count());
      start += range.count();
    }
  }
}
