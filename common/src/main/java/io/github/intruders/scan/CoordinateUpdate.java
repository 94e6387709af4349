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
 * <pre>W0 + B A = [U0 U⊥] · (diag(S0) ⊕ 0 + lᵀ · r) · [V0 V⊥]ᵀ</pre>
 *
 * with U⊥ an orthonormal basis of the part of B outside the span of U0 where m &gt; p, V⊥ the same
 * for Aᵀ where n &gt; p (Brand 2006). Any product with the tuned matrix then costs O((m + n) R).
 *
 * @param l (R, p or p + R) in double precision: the coordinates of B's columns, one in each row
 * @param r (R, p or p + R) in double precision: the coordinates of A's rows
 */
public record CoordinateUpdate(Matrix l, Matrix r) {
  private static final double SMALLEST = 1e-12;
  private static final double LARGEST = 1e12;

  /** R, of the whole chain. */
  int rank() {
    return l.rows();
  }

  /** ΔW = b · a, scales folded in: (m, R) and (R, n), both in double precision. */
  public record Factors(Matrix b, Matrix a) {
    /**
     * The factors of a chain of adapters side by side.
     *
     * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED} if one of them has no
     *     factors without the whole matrix
     */
    public static Factors read(TensorReader reader, List<AdapterUpdate> chain, int rows, int cols)
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
  public static List<CoordinateUpdate> project(BaseSpectrum base, List<Factors> updates) {
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
    List<Matrix> vectors = updates.stream().map(update -> update.b().transposed()).toList();
    double[] scales = scales(vectors);
    Matrix stack = stack(vectors, scales, u.rows());
    Matrix inside = stack.times(u);
    if (u.rows() > u.cols()) {
      stack.plusProductInPlace(-1, inside, u.t());
    }
    return blocks(inside, stack, vectors, scales);
  }

  /** Coordinates of the rows of every A in those of V0ᵀ. */
  private static List<Matrix> right(Matrix vt, List<Factors> updates) {
    List<Matrix> vectors = updates.stream().map(Factors::a).toList();
    double[] scales = scales(vectors);
    Matrix stack = stack(vectors, scales, vt.cols());
    Matrix inside = stack.times(vt.t());
    if (vt.cols() > vt.rows()) {
      stack.plusProductInPlace(-1, inside, vt);
    }
    return blocks(inside, stack, vectors, scales);
  }

  /** Powers of two that bring what single precision might not carry to a size of about 1. */
  private static double[] scales(List<Matrix> vectors) {
    return vectors.stream()
        .mapToDouble(
            x -> {
              double size = x.absoluteSum();
              return (size > SMALLEST && size < LARGEST) || size == 0
                  ? 1
                  : Math.scalb(1.0, -Math.getExponent(size));
            })
        .toArray();
  }

  /** The vectors of all updates, scaled, as rows: (total, dimension). */
  private static Matrix stack(List<Matrix> vectors, double[] scales, int dimension) {
    int total = vectors.stream().mapToInt(Matrix::rows).sum();
    Matrix stack = Matrix.allocate(total, dimension, Precision.SINGLE);
    int from = 0;
    for (int i = 0; i < scales.length; i++) {
      Matrix x = vectors.get(i);
      stack
          .rowRange(from, from + x.rows())
          .assign(scales[i] == 1 ? x : x.copy().scaleInPlace(scales[i]));
      from += x.rows();
    }
    return stack;
  }

  /**
   * Cuts a stack into one matrix per update.
   *
   * @param inside (total, p) coordinates in the span of the base's vectors
   * @param outside (total, dimension) what lies outside the span, of which the triangular factors
   *     are appended; of no use where the base's vectors span all
   * @param scales what the stacked vectors were multiplied by
   */
  private static List<Matrix> blocks(
      Matrix inside, Matrix outside, List<Matrix> vectors, double[] scales) {
    List<Matrix> blocks = new ArrayList<>();
    int p = inside.cols();
    int from = 0;
    for (int i = 0; i < scales.length; i++) {
      int rank = vectors.get(i).rows();
      int to = from + rank;
      int appended = outside.cols() > p ? rank : 0;
      Matrix c = Matrix.allocate(rank, p + appended, Precision.DOUBLE);
      c.columnRange(0, p).assign(inside.rowRange(from, to));
      if (appended > 0) {
        Matrix rest = outside.rowRange(from, to).to(Precision.DOUBLE);
        c.columnRange(p, p + appended).assign(OrthonormalBasis.triangleOfRows(rest).transposed());
      }
      blocks.add(scales[i] == 1 ? c : c.scaleInPlace(1 / scales[i]));
      from = to;
    }
    return blocks;
  }
}
