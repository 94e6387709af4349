package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.Arrays;

/**
 * Leading triplets of a matrix by a block Krylov method (Golub, Luk and Overton 1981) with full
 * orthogonalisation. Vectors are rows. What it finds is not yet certified: see {@link
 * LeadingTriplets}. One thread at a time; its matrices live in the arena that was open when it was
 * made.
 */
final class BlockKrylov {
  private static final double WEAK = 0.05;

  private final Matrix m;
  private final int width;
  private final Matrix left;
  private final Matrix right;
  private final Matrix projected;
  private Matrix next;
  private Matrix nextFactor;
  private int size;
  private Ritz ritz = new Ritz(new double[0], null, null, new double[0]);

  /**
   * Triplets of the projected matrix.
   *
   * @param s values, descending
   * @param x (size, size) the left vectors' coordinates, as columns
   * @param y (size, size) the right ones', as rows
   * @param estimates of the residuals
   */
  private record Ritz(double[] s, Matrix x, Matrix y, double[] estimates) {}

  /**
   * Starts a search.
   *
   * @param m (rows, cols)
   * @param start (width, cols) in the same precision, any rows; overwritten
   * @param mostSteps steps that there is room for
   */
  BlockKrylov(Matrix m, Matrix start, int mostSteps) {
    this.m = m;
    this.width = start.rows();
    int capacity = width * mostSteps;
    left = Matrix.allocate(capacity, m.rows(), m.precision());
    right = Matrix.allocate(capacity, m.cols(), m.precision());
    projected = Matrix.zeros(capacity, capacity, Precision.DOUBLE);
    nextFactor = OrthonormalBasis.ofRowsInPlace(start);
    next = start;
  }

  int size() {
    return size;
  }

  /** Whether there is room for a further step. */
  boolean hasRoom() {
    return size + width <= left.rows();
  }

  /**
   * One step forth and back.
   *
   * @return false if the precision does not hold the numbers
   */
  boolean step() {
    int to = size + width;
    right.rowRange(size, to).assign(next);
    try (Arena arena = Arena.open()) {
      Matrix images = right.rowRange(size, to).times(m.t());
      if (!Double.isFinite(images.maxAbsolute())) {
        return false;
      }
      Matrix added = images.copy();
      append(left.rowRange(0, size), added);
      left.rowRange(size, to).assign(added);
      projected
          .rowRange(0, to)
          .columnRange(size, to)
          .assign(left.rowRange(0, to).times(images.t()));
      Matrix back = left.rowRange(size, to).times(m);
      nextFactor = append(right.rowRange(0, to), back);
      arena.keep(nextFactor);
      next = arena.keep(back);
    }
    size = to;
    return true;
  }

  /**
   * Orthonormalises rows against a basis and in themselves, in place. What adds no direction is
   * replaced by one that does.
   *
   * @return the triangular factor
   */
  private static Matrix append(Matrix basis, Matrix rows) {
    removeSpan(basis, rows);
    removeSpan(basis, rows);
    Matrix r = OrthonormalBasis.ofRowsInPlace(rows);
    if (isWeak(r)) {
      removeSpan(basis, rows);
      OrthonormalBasis.ofRowsInPlace(rows);
    }
    return r;
  }

  private static void removeSpan(Matrix basis, Matrix rows) {
    if (basis.rows() > 0) {
      rows.plusProductInPlace(-1, rows.times(basis.t()), basis);
    }
  }

  private static boolean isWeak(Matrix r) {
    for (int j = 0; j < r.cols(); j++) {
      double norm = 0;
      for (double value : r.column(j)) {
        norm = Math.hypot(norm, value);
      }
      if (!(Math.abs(r.get(j, j)) > WEAK * norm)) {
        return true;
      }
    }
    return false;
  }

  /** Solves the projected problem. */
  void project() {
    Svd svd =
        LapackSvd.DIVIDE_AND_CONQUER.decompose(
            projected.rowRange(0, size).columnRange(0, size).copy());
    double[] estimates = new double[size];
    try (Arena arena = Arena.open()) {
      Matrix r = nextFactor.in(Precision.DOUBLE);
      Matrix out = r.times(svd.u().rowRange(size - width, size).copy());
      for (int j = 0; j < size; j++) {
        double sum = 0;
        for (double value : out.column(j)) {
          sum += value * value;
        }
        estimates[j] = Math.sqrt(sum);
      }
    }
    ritz = new Ritz(svd.s(), svd.u(), svd.vt(), estimates);
  }

  /** The values found so far, descending. */
  double[] values() {
    return ritz.s();
  }

  /** What the residuals are by the search itself. */
  double[] estimates() {
    return ritz.estimates();
  }

  /** The leading left vectors, (count, rows). */
  Matrix leftVectors(int count) {
    Matrix x = ritz.x().columnRange(0, count).to(m.precision());
    return x.t().times(left.rowRange(0, size));
  }

  /** The leading right vectors, (count, cols). */
  Matrix rightVectors(int count) {
    Matrix y = ritz.y().rowRange(0, count).to(m.precision());
    return y.times(right.rowRange(0, size));
  }

  /** The leading values. */
  double[] values(int count) {
    return Arrays.copyOf(ritz.s(), count);
  }
}
