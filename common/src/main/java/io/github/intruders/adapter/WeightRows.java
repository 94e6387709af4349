package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;

/** Passes over a weight that is not held as a whole. */
final class WeightRows {
  /** 32 MiB in double precision. */
  private static final int BLOCK_ELEMENTS = 1 << 22;

  private WeightRows() {}

  /** Takes some rows, in double precision; they are gone when it returns. */
  @FunctionalInterface
  interface Pass {
    void accept(int fromRow, Matrix rows) throws IOException;
  }

  /** All rows of {@code w}, a block at a time; with scales, which stand for blocks, all at once. */
  static void forEachBlock(MatrixSource w, TensorReader reader, Pass pass) throws IOException {
    int atOnce = w.scale() == null ? Math.max(1, BLOCK_ELEMENTS / w.cols()) : w.rows();
    for (int from = 0; from < w.rows(); from += atOnce) {
      try (Arena scratch = Arena.open()) {
        pass.accept(from, read(w, from, Math.min(atOnce, w.rows() - from), reader));
      }
    }
  }

  /** These rows; made in the arena that is open. */
  static Matrix read(MatrixSource w, int from, int count, TensorReader reader) throws IOException {
    if (from == 0 && count == w.rows()) {
      return reader.read(w, Precision.DOUBLE);
    }
    return w.scale() == null
        ? reader.read(w.rowRange(w.matrix(), from, count), Precision.DOUBLE)
        : reader.read(w, Precision.DOUBLE).rowRange(from, from + count);
  }
}
