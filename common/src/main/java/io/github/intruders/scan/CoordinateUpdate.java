package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.ArrayList;
import java.util.List;

/**
 * A low-rank update ΔW = B · A in the base's coordinates, so that
 *
 * <pre>W0 + B A = [U0 U⊥] · (diag(S0) ⊕ 0 + l · rᵀ) · [V0 V⊥]ᵀ</pre>
 *
 * with U⊥ an orthonormal basis of the part of B outside the span of U0 where m &gt; p, V⊥ the same
 * for Aᵀ where n &gt; p (Brand 2006). Any product with the tuned matrix then costs O((m + n) R).
 *
 * @param l (p or p + R, R) in double precision: the coordinates of B's columns
 * @param r (p or p + R, R) in double precision: the coordinates of A's rows
 */
record CoordinateUpdate(Matrix l, Matrix r) {
  /** How many columns one product takes at most; bounds the memory of a stack. */
  static final int STACK_COLUMNS = 1024;

  /** ΔW = b · a, scales folded in: (m, R) and (R, n), both in double precision. */
  record Factors(Matrix b, Matrix a) {
    int rank() {
      return b.cols();
    }
  }

  /**
   * Projects many updates of one base matrix at once: their factors stand side by side, so that
   * each of the products is one large one.
   *
   * @return one per factor pair, in their order
   */
  static List<CoordinateUpdate> project(BaseSpectrum base, List<Factors> updates) {
    List<Matrix> left = updates.stream().map(Factors::b).toList();
    List<Matrix> right = updates.stream().map(update -> update.a().transposed()).toList();
    List<Matrix> l = coordinates(base.u(), false, left);
    List<Matrix> r = coordinates(base.vt(), true, right);
    List<CoordinateUpdate> projected = new ArrayList<>();
    for (int i = 0; i < updates.size(); i++) {
      projected.add(new CoordinateUpdate(l.get(i), r.get(i)));
    }
    return projected;
  }

  /**
   * Coordinates of each block's columns in the orthonormal columns of {@code basis}, and below them
   * the triangular factor of what lies outside their span.
   *
   * @param rowsAreVectors whether the basis vectors are the rows of {@code basis}
   */
  private static List<Matrix> coordinates(
      Matrix basis, boolean rowsAreVectors, List<Matrix> blocks) {
    int p = rowsAreVectors ? basis.rows() : basis.cols();
    int dimension = rowsAreVectors ? basis.cols() : basis.rows();
    int total = blocks.stream().mapToInt(Matrix::cols).sum();
    Matrix stack = Matrix.allocate(dimension, total, Precision.SINGLE);
    int from = 0;
    for (Matrix block : blocks) {
      stack.columnRange(from, from + block.cols()).assign(block);
      from += block.cols();
    }
    Matrix inside = rowsAreVectors ? basis.times(stack) : basis.transposedTimes(stack);
    boolean spans = p == dimension;
    if (!spans) {
      Matrix span = rowsAreVectors ? basis.transposedTimes(inside) : basis.times(inside);
      stack.plusInPlace(-1, span);
    }
    List<Matrix> coordinates = new ArrayList<>();
    from = 0;
    for (Matrix block : blocks) {
      int to = from + block.cols();
      Matrix part = inside.columnRange(from, to);
      int outside = spans ? 0 : block.cols();
      Matrix c = Matrix.zeros(p + outside, block.cols(), Precision.DOUBLE);
      c.rowRange(0, p).assign(part);
      if (outside > 0) {
        Matrix rest = stack.columnRange(from, to).to(Precision.DOUBLE);
        c.rowRange(p, p + outside).assign(OrthonormalBasis.of(rest).r());
      }
      coordinates.add(c);
      from = to;
    }
    return coordinates;
  }
}
