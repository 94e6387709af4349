package io.github.intruders.linalg;

import org.bytedeco.javacpp.Pointer;

/** How much memory this process holds outside of the heap. */
public final class NativeMemory {
  private NativeMemory() {}

  /** The bytes that are held, once what was left behind before is freed. */
  public static long whenQuiet() throws InterruptedException {
    OpenBlas.load();
    long bytes = 0;
    int quiet = 0;
    while (quiet < 3) {
      bytes = Pointer.totalBytes();
      System.gc();
      Thread.sleep(10); // it is freed by a thread of its own
      quiet = Pointer.totalBytes() == bytes ? quiet + 1 : 0;
    }
    return bytes;
  }

  /** The bytes that are held now. */
  public static long now() {
    return Pointer.totalBytes();
  }
}
