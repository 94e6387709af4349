package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.BlockKrylov;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.Arrays;

/**
 * Leading triplets of a matrix by a block Krylov method ({@link BlockKrylov}). What it finds is not
 * yet certified: see {@link Triplets} and {@link SpectrumProbes}. One thread at a time; its
 * matrices live in the arena that was open when it was made.
 */
final class LeadingSearch {
  private final BlockKrylov spaces;
  private final Precision precision;
  private final int width;
  private final int capacity;
  private final Matrix next;
  private double[] values = new double[0];
  private double[] estimates = new double[0];
  private Matrix x;
  private Matrix y;

  /**
   * Starts a search.
   *
   * @param m (rows, cols)
   * @param start (width, cols) in the same precision, any rows
   * @param mostSteps steps that there is room for
   */
  LeadingSearch(LinearOperator m, Matrix start, int mostSteps) {
    width = start.rows();
    capacity = width * mostSteps;
    precision = m.precision();
    spaces = new BlockKrylov(m, width, mostSteps);
    next = start.transposed();
  }

  int size() {
    return spaces.size();
  }

  /** Whether there is room for a further step. */
  boolean hasRoom() {
    return spaces.size() + width <= capacity;
  }

  /**
   * One step forth and back.
   *
   * @return false if the precision does not hold the numbers
   */
  boolean step() {
    if (!spaces.forth(next)) {
      return false;
    }
    try (Arena arena = Arena.open()) {
      next.assign(spaces.back());
    }
    return true;
  }

  /**
   * Begins a step whose products someone else makes.
   *
   * @return what is to go through M, (cols, width): a view; null if the precision does not hold the
   *     numbers
   */
  Matrix begin() {
    return spaces.add(next) ? spaces.added() : null;
  }

  /**
   * Goes on with it.
   *
   * @param images what M made of that; stays as it is
   * @return what is to go through Mᵀ, (rows, width): a view; null if the precision does not hold
   *     the numbers
   */
  Matrix turn(Matrix images) {
    return spaces.take(images) ? spaces.newest() : null;
  }

  /** Ends it with what Mᵀ made of that. */
  void end(Matrix images) {
    next.assign(images);
  }

  /**
   * Solves the projected problem. M times a right vector lies in the left space; what Mᵀ times a
   * left vector has outside the right one comes from the newest directions alone.
   */
  void project() {
    int size = spaces.size();
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(spaces.projected());
    values = svd.s();
    x = svd.u();
    y = svd.vt();
    estimates = new double[size];
    try (Arena arena = Arena.open()) {
      Matrix rest = next.copy();
      for (int pass = 0; pass < 2; pass++) {
        rest.plusProductInPlace(-1, spaces.right(), spaces.right().t().times(rest));
      }
      Matrix gram = rest.t().times(rest).in(Precision.DOUBLE);
      Matrix last = x.rowRange(size - width, size).copy();
      Matrix through = gram.times(last);
      for (int i = 0; i < width; i++) {
        double[] a = last.row(i);
        double[] b = through.row(i);
        for (int j = 0; j < size; j++) {
          estimates[j] += a[j] * b[j];
        }
      }
    }
    for (int j = 0; j < size; j++) {
      estimates[j] = Math.sqrt(Math.max(0, estimates[j]));
    }
  }

  /** The values found so far, descending. */
  double[] values() {
    return values;
  }

  /** The leading values. */
  double[] values(int count) {
    return Arrays.copyOf(values, count);
  }

  /** What the residuals are by the search itself. */
  double[] estimates() {
    return estimates;
  }

  /** The leading left vectors, (count, rows). */
  Matrix leftVectors(int count) {
    return x.columnRange(0, count).to(precision).t().times(spaces.left().t());
  }

  /** The leading right vectors, (count, cols). */
  Matrix rightVectors(int count) {
    return y.rowRange(0, count).to(precision).times(spaces.right().t());
  }
}
