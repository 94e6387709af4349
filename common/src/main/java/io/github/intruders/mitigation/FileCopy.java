package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.RangeSource;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** Copies and compares bytes of files as they are, a few megabytes at a time. */
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

  /** Whether as many bytes of both files, each from its own place on, are the same. */
  static boolean areEqual(RangeSource one, long from, RangeSource other, long start, long count)
      throws IOException {
    byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, count)];
    byte[] twin = new byte[chunk.length];
    for (long done = 0; done < count; done += chunk.length) {
      int length = (int) Math.min(chunk.length, count - done);
      one.readFully(from + done, chunk, 0, length);
      other.readFully(start + done, twin, 0, length);
      if (!Arrays.equals(chunk, 0, length, twin, 0, length)) {
        return false;
      }
    }
    return true;
  }

  static void copyAll(RangeSource source, OutputStream out) throws IOException {
    copy(source, 0, source.lengthBytes(), out);
  }
}
