package io.github.intruders.checkpoint;

import java.io.Closeable;
import java.io.IOException;

/** Random access to one open file. For one thread at a time; whoever opens it closes it. */
public interface RangeSource extends Closeable {
  /** Where the file lies, as its {@link Storage} names it. */
  String uri();

  /** The file's length when it was opened. */
  long lengthBytes();

  /**
   * Copies bytes of the file.
   *
   * @param offset of the first byte, from the start of the file
   * @param into receives {@code count} bytes from {@code start} on
   * @throws java.io.EOFException if the file ends before the last of them
   */
  void readFully(long offset, byte[] into, int start, int count) throws IOException;
}
