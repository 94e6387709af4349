package io.github.intruders.checkpoint;

import java.io.EOFException;
import java.io.IOException;

/** A file in memory. */
record BytesSource(String uri, byte[] bytes) implements RangeSource {
  @Override
  public long lengthBytes() {
    return bytes.length;
  }

  @Override
  public void readFully(long offset, byte[] into, int start, int count) throws IOException {
    if (offset + count > bytes.length) {
      throw new EOFException();
    }
    System.arraycopy(bytes, (int) offset, into, start, count);
  }

  @Override
  public void close() {}
}
