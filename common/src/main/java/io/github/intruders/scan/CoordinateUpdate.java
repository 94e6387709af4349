package io.github.intruders.scan;

import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.io.IOException;
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
    /**
     * The factors of a chain of adapters side by side.
     *
     * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED} if one of them has no
     *     factors without the whole matrix
     */
    static Factors read(TensorReader reader, List<AdapterUpdate> chain, int rows, int cols)
        throws IOException {
      List<LowRankUpdate> links = new ArrayList<>();
      for (AdapterUpdate adapter : chain) {
        if (!(adapter instanceof LowRankUpdate link)) {
          throw UserInputException.inTensor(
              RejectCode.ADAPTER_UNSUPPORTED,
              adapter.sources().get(0).file(),
              adapter.sources().get(0).matrix(),
              "%s needs the whole matrix, which is taken in blocks here".formatted(adapter.kind()));
        }
        links.add(link);
      }
      int rank = links.stream().mapToInt(LowRankUpdate::rank).sum();
      Matrix b = Matrix.allocate(rows, rank, Precision.DOUBLE);
      Matrix a = Matrix.allocate(rank, cols, Precision.DOUBLE);
      int from = 0;
      for (LowRankUpdate link : links) {
        int to = from + link.rank();
        b.columnRange(from, to).assign(link.readB(reader));
        a.rowRange(from, to).assign(link.readA(reader));
        from = to;
      }
      return new Factors(b, a);
    }

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
    List<Matrix> l = left(base.u(), updates);
    List<Matrix> r = right(base.vt(), updates);
    List<CoordinateUpdate> projected = new ArrayList<>();
    for (int i = 0; i < updates.size(); i++) {
      projected.add(new CoordinateUpdate(l.get(i), r.get(i)));
    }
    return projected;
  }

  /** Coordinates of the columns of every B in those of U0. */
  private static List<Matrix> left(Matrix u, List<Factors> updates) {
    Matrix stack = Matrix.allocate(u.rows(), rank(updates), Precision.SINGLE);
    int from = 0;
    for (Factors update : updates) {
      stack.columnRange(from, from + update.rank()).assign(update.b());
      from += update.rank();
    }
    Matrix inside = u.transposedTimes(stack);
    if (u.rows() == u.cols()) {
      return blocks(inside, null, updates);
    }
    return blocks(inside, stack.plusProductInPlace(-1, u, inside), updates);
  }

  /** Coordinates of the rows of every A in those of V0ᵀ. */
  private static List<Matrix> right(Matrix vt, List<Factors> updates) {
    Matrix stack = Matrix.allocate(rank(updates), vt.cols(), Precision.SINGLE);
    int from = 0;
    for (Factors update : updates) {
      stack.rowRange(from, from + update.rank()).assign(update.a());
      from += update.rank();
    }
    Matrix inside = vt.timesTransposed(stack);
    if (vt.rows() == vt.cols()) {
      return blocks(inside, null, updates);
    }
    stack.plusTransposedProductInPlace(-1, inside, vt);
    return blocks(inside, stack.transposed(), updates);
  }

  private static int rank(List<Factors> updates) {
    return updates.stream().mapToInt(Factors::rank).sum();
  }

  /**
   * Cuts a stack into one matrix per update.
   *
   * @param inside (p, total) coordinates in the span of the base's vectors
   * @param outside (dimension, total) what lies outside the span, of which the triangular factors
   *     are appended; null where there is nothing
   */
  private static List<Matrix> blocks(Matrix inside, Matrix outside, List<Factors> updates) {
    List<Matrix> blocks = new ArrayList<>();
    int p = inside.rows();
    int from = 0;
    for (Factors update : updates) {
      int to = from + update.rank();
      int appended = outside == null ? 0 : update.rank();
      Matrix c = Matrix.allocate(p + appended, update.rank(), Precision.DOUBLE);
      c.rowRange(0, p).assign(inside.columnRange(from, to));
      if (outside != null) {
        Matrix rest = outside.columnRange(from, to).to(Precision.DOUBLE);
        c.rowRange(p, p + appended).assign(OrthonormalBasis.of(rest).r());
      }
      blocks.add(c);
      from = to;
    }
    return blocks;
  }
}
