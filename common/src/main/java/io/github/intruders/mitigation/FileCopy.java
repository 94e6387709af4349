package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.RangeSource;
import java.io.IOException;
import java.io.OutputStream;

/** Copies bytes of a file as they are, a few megabytes at a time. */
final class FileCopy {
  private static final int CHUNK_BYTES = 8 << 20;

  private FileCopy() {}

  /** Copies the bytes from {@code from} to before {@code to}. */
  static void copy(RangeSource source, long from, long to, OutputStream out) throws IOException {
    byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, Math.max(0, to - from))];
    for (long done = from; done < to; done += chunk.length) {
      int count = (int) Math.min(chunk.length, to - done);
      source.readFully(done, chunk, 0, count);
      out.write(chunk, 0, count);
    }
  }

  static void copyAll(RangeSource source, OutputStream out) throws IOException {
    copy(source, 0, source.lengthBytes(), out);
  }
}
