package io.github.intruders.jobs.scan;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.Serializable;
import java.util.Arrays;

/** A dense matrix on the Java heap, row by row: what stays with executors and what travels. */
final class HeapMatrix implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int rows;
  private final int cols;

  /** One of the two is null. */
  private final float[] singles;

  private final double[] doubles;

  private HeapMatrix(int rows, int cols, float[] singles, double[] doubles) {
    this.rows = rows;
    this.cols = cols;
    this.singles = singles;
    this.doubles = doubles;
  }

  /** A copy in the matrix's precision. */
  static HeapMatrix of(Matrix matrix) {
    int size = Math.multiplyExact(matrix.rows(), matrix.cols());
    try (Arena arena = Arena.open()) {
      Matrix contiguous = matrix.copy();
      if (matrix.precision() == Precision.SINGLE) {
        float[] singles = new float[size];
        contiguous.copyFloats(0, singles, size);
        return new HeapMatrix(matrix.rows(), matrix.cols(), singles, null);
      }
      double[] doubles = new double[size];
      contiguous.copyDoubles(0, doubles, size);
      return new HeapMatrix(matrix.rows(), matrix.cols(), null, doubles);
    }
  }

  int rows() {
    return rows;
  }

  /** A copy in native memory, in the arena that is open. */
  Matrix matrix(Precision precision) {
    return rowRange(0, rows, precision);
  }

  /** The same of some rows. */
  Matrix rowRange(int from, int to, Precision precision) {
    int start = from * cols;
    int size = (to - from) * cols;
    boolean all = size == rows * cols;
    Matrix matrix =
        Matrix.allocate(to - from, cols, singles == null ? Precision.DOUBLE : Precision.SINGLE);
    if (singles == null) {
      matrix.setDoubles(0, all ? doubles : Arrays.copyOfRange(doubles, start, start + size), size);
    } else {
      matrix.setFloats(0, all ? singles : Arrays.copyOfRange(singles, start, start + size), size);
    }
    return matrix.in(precision);
  }

  /** In place: this = this + other, both in double precision. */
  HeapMatrix plus(HeapMatrix other) {
    for (int i = 0; i < doubles.length; i++) {
      doubles[i] += other.doubles[i];
    }
    return this;
  }
}
