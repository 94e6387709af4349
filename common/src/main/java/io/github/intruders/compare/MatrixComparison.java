package io.github.intruders.compare;

import io.github.intruders.accumulation.SharedIntruders;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Compares the updates of one matrix, every one of some with every one of others. With M = UaᵀUb
 * and N = VaᵀVb, which are small, of all pairs by one product each:
 *
 * <ul>
 *   <li>⟨ΔWa, ΔWb⟩ = Σ sₚ M(p, q) N(p, q) s_q;
 *   <li>the principal cosines of the column spaces are the singular values of M, those of the row
 *       spaces those of N (Björck and Golub 1973);
 *   <li>singular task interference ‖(UᵀU − I) S (VᵀV − I)‖₁ with U = [Ua Ub], V = [Va Vb] is the
 *       sum of the absolute values of M Sb Nᵀ and Mᵀ Sa N (Gargiulo et al. 2025).
 * </ul>
 */
public final class MatrixComparison {
  /** How many vectors of each side are stacked at once: bounds the memory of a product. */
  private static final int STACK = 512;

  private MatrixComparison() {}

  /**
   * One update and what is needed of it in every pair.
   *
   * @param intruders of the tuned matrix; null where they are not known
   */
  public record Member(
      UpdateTriplets update, double randomElement, double restNorm, SharedIntruders intruders) {
    /** Of an update, whose triplets stay the caller's. */
    public static Member of(UpdateTriplets update, SharedIntruders intruders) {
      return new Member(
          update,
          RandomInterference.meanElement(update.s(), update.rows(), update.cols()),
          update.restNorm(),
          intruders);
    }
  }

  /** Takes what comes of a pair. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes it.
     *
     * @param a place in the one list
     * @param b place in the other
     */
    void accept(int a, int b, PairPart part);
  }

  /**
   * Compares each of {@code a} with each of {@code b}. Where the two are the same list, each pair
   * comes once, the smaller place first.
   *
   * @param a members, null in places that have no update
   */
  public static void run(List<Member> a, List<Member> b, Sink sink) {
    boolean same = a == b;
    int fromA = 0;
    while (fromA < a.size()) {
      int toA = end(a, fromA);
      int fromB = same ? fromA : 0;
      while (fromB < b.size()) {
        int toB = end(b, fromB);
        if (hasUpdates(a.subList(fromA, toA)) && hasUpdates(b.subList(fromB, toB))) {
          try (Arena arena = Arena.open()) {
            new Block(a, fromA, toA, b, fromB, toB).run(same, sink);
          }
        }
        fromB = toB;
      }
      fromA = toA;
    }
  }

  private static boolean hasUpdates(List<Member> members) {
    return members.stream().anyMatch(Objects::nonNull);
  }

  /** Where the stack that begins at a place ends. */
  private static int end(List<Member> members, int from) {
    int vectors = 0;
    int to = from;
    while (to < members.size()) {
      vectors += members.get(to) == null ? 0 : members.get(to).update().rank();
      if (vectors > STACK && to > from) {
        break;
      }
      to++;
    }
    return to;
  }

  /** Some of the ones with some of the others. */
  private static final class Block {
    private final List<Member> a;
    private final List<Member> b;
    private final int fromA;
    private final int fromB;
    private final int[] startsA;
    private final int[] startsB;
    private final Matrix left;
    private final Matrix right;

    Block(List<Member> a, int fromA, int toA, List<Member> b, int fromB, int toB) {
      this.a = a.subList(fromA, toA);
      this.b = b.subList(fromB, toB);
      this.fromA = fromA;
      this.fromB = fromB;
      this.startsA = starts(this.a);
      this.startsB = starts(this.b);
      left = stacked(this.a, true).times(stacked(this.b, true).t());
      right = stacked(this.a, false).times(stacked(this.b, false).t());
    }

    private static int[] starts(List<Member> members) {
      int[] starts = new int[members.size() + 1];
      for (int i = 0; i < members.size(); i++) {
        starts[i + 1] = starts[i] + (members.get(i) == null ? 0 : members.get(i).update().rank());
      }
      return starts;
    }

    private static Matrix stacked(List<Member> members, boolean isLeft) {
      List<Matrix> parts = new ArrayList<>();
      for (Member member : members) {
        if (member != null) {
          parts.add(isLeft ? member.update().ut() : member.update().vt());
        }
      }
      int rows = parts.stream().mapToInt(Matrix::rows).sum();
      Matrix stacked =
          Matrix.allocate(rows, parts.isEmpty() ? 0 : parts.get(0).cols(), Precision.DOUBLE);
      int from = 0;
      for (Matrix part : parts) {
        stacked.rowRange(from, from + part.rows()).assign(part);
        from += part.rows();
      }
      return stacked;
    }

    void run(boolean same, Sink sink) {
      for (int i = 0; i < a.size(); i++) {
        for (int j = 0; j < b.size(); j++) {
          if (a.get(i) != null && b.get(j) != null && (!same || fromA + i < fromB + j)) {
            try (Arena arena = Arena.open()) {
              sink.accept(
                  fromA + i,
                  fromB + j,
                  part(a.get(i), b.get(j), cut(left, i, j), cut(right, i, j)));
            }
          }
        }
      }
    }

    private Matrix cut(Matrix products, int i, int j) {
      return products.rowRange(startsA[i], startsA[i + 1]).columnRange(startsB[j], startsB[j + 1]);
    }
  }

  /**
   * The figures of one pair.
   *
   * @param left M, (ra, rb)
   * @param right N, (ra, rb)
   */
  private static PairPart part(Member one, Member other, Matrix left, Matrix right) {
    double[] sa = one.update().s();
    double[] sb = other.update().s();
    if (sa.length == 0 || sb.length == 0) {
      return new PairPart(0, 0, 0, 0, 0, 0, 0, shared(one, other), new double[0], new double[0]);
    }
    double[][] m = rows(left);
    double[][] n = rows(right);
    double product = 0;
    double leftSquares = 0;
    double rightSquares = 0;
    for (int p = 0; p < sa.length; p++) {
      for (int q = 0; q < sb.length; q++) {
        product += sa[p] * m[p][q] * n[p][q] * sb[q];
        leftSquares += m[p][q] * m[p][q];
        rightSquares += n[p][q] * n[p][q];
      }
    }
    Disturbance ofA = Disturbance.of(m, sb, n);
    Disturbance ofB = Disturbance.of(transposed(m), sa, transposed(n));
    double smallest = Math.min(sa.length, sb.length);
    double error = error(one, other, ofA, ofB);
    double exactProduct = product;
    if (error > 0
        && one.update().content() != null
        && one.update().content().equals(other.update().content())) {
      error = 0;
      exactProduct = one.update().norm() * other.update().norm();
    }
    return new PairPart(
        product,
        error,
        exactProduct,
        Math.min(1, leftSquares / smallest),
        Math.min(1, rightSquares / smallest),
        ofA.absolute() + ofB.absolute(),
        (double) sa.length * sa.length * other.randomElement()
            + (double) sb.length * sb.length * one.randomElement(),
        shared(one, other),
        cosines(left),
        cosines(right));
  }

  /**
   * How far ⟨ΔWa, ΔWb⟩ may be from ⟨Ta, Tb⟩. The rest R of an update lies outside both spaces of
   * its triplets, so of the other's triplets it meets only what lies outside of both, too.
   */
  private static double error(Member one, Member other, Disturbance ofA, Disturbance ofB) {
    double restA = one.restNorm();
    double restB = other.restNorm();
    if (restA == 0 && restB == 0) {
      return 0;
    }
    double bound =
        restA * outside(other.update(), ofA) + restB * outside(one.update(), ofB) + restA * restB;
    double rounding = 10 * UpdateTriplets.RESIDUAL * one.update().norm() * other.update().norm();
    return bound + rounding;
  }

  /** The norm of what lies outside both spaces of the other update. */
  private static double outside(UpdateTriplets update, Disturbance within) {
    double norm = update.leadingNorm();
    return Math.sqrt(
        Math.max(
            0, norm * norm - within.leftSquares() - within.rightSquares() + within.bothSquares()));
  }

  /**
   * An update T = U S Vᵀ as another one's spaces see it, with M and N the products of their
   * vectors.
   *
   * @param absolute sum of the absolute values of M S Nᵀ
   * @param leftSquares ‖M S‖²_F: what lies in the column space
   * @param rightSquares ‖S Nᵀ‖²_F: what lies in the row space
   * @param bothSquares ‖M S Nᵀ‖²_F: what lies in both
   */
  private record Disturbance(
      double absolute, double leftSquares, double rightSquares, double bothSquares) {
    static Disturbance of(double[][] m, double[] s, double[][] n) {
      double[][] scaled = new double[m.length][s.length];
      double leftSquares = 0;
      double rightSquares = 0;
      for (int p = 0; p < m.length; p++) {
        for (int c = 0; c < s.length; c++) {
          scaled[p][c] = m[p][c] * s[c];
          leftSquares += scaled[p][c] * scaled[p][c];
          rightSquares += n[p][c] * s[c] * n[p][c] * s[c];
        }
      }
      double absolute = 0;
      double bothSquares = 0;
      for (double[] row : scaled) {
        for (double[] other : n) {
          double element = 0;
          for (int c = 0; c < s.length; c++) {
            element += row[c] * other[c];
          }
          absolute += Math.abs(element);
          bothSquares += element * element;
        }
      }
      return new Disturbance(absolute, leftSquares, rightSquares, bothSquares);
    }
  }

  private static double[] cosines(Matrix products) {
    double[] cosines = LapackSvd.DIVIDE_AND_CONQUER.singularValues(products);
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] = Math.min(1, cosines[i]);
    }
    return cosines;
  }

  private static int shared(Member one, Member other) {
    return one.intruders() == null || other.intruders() == null
        ? PairPart.UNKNOWN
        : one.intruders().sharedWith(other.intruders());
  }

  private static double[][] rows(Matrix matrix) {
    double[][] rows = new double[matrix.rows()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = matrix.row(i);
    }
    return rows;
  }

  private static double[][] transposed(double[][] rows) {
    double[][] transposed = new double[rows[0].length][rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        transposed[j][i] = rows[i][j];
      }
    }
    return transposed;
  }
}
