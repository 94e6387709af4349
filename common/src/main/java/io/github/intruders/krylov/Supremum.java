package io.github.intruders.krylov;

import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The largest value of a bound over an interval, from above. Intervals are halved where their bound
 * is largest until it lies near a value that the bound takes at a point.
 */
final class Supremum {
  private static final int MOST_INTERVALS = 20_000;

  /** A bound over every interval. */
  @FunctionalInterface
  interface Bound {
    double over(double from, double to);
  }

  private record Piece(double from, double to, double bound) {}

  private Supremum() {}

  /**
   * An upper bound of the supremum, at most {@code tolerance} too large where the number of
   * intervals suffices; never too small.
   *
   * @param from at least 0
   * @param enough a bound at or below this is not made better
   */
  static double of(Bound bound, double from, double to, double tolerance, double enough) {
    PriorityQueue<Piece> pieces =
        new PriorityQueue<>(Comparator.comparingDouble(Piece::bound).reversed());
    pieces.add(new Piece(from, to, bound.over(from, to)));
    double reached = 0;
    for (int i = 0; i < MOST_INTERVALS; i++) {
      Piece worst = pieces.poll();
      if (worst.bound() <= Math.max(reached + tolerance, enough)) {
        return worst.bound();
      }
      double middle = middle(worst.from(), worst.to());
      if (!(middle > worst.from() && middle < worst.to())) {
        return worst.bound();
      }
      reached = Math.max(reached, bound.over(middle, middle));
      pieces.add(part(bound, worst, worst.from(), middle));
      pieces.add(part(bound, worst, middle, worst.to()));
    }
    return pieces.peek().bound();
  }

  /** What bounds the whole bounds the part. */
  private static Piece part(Bound bound, Piece whole, double from, double to) {
    return new Piece(from, to, Math.min(whole.bound(), bound.over(from, to)));
  }

  /** Half way by the factor where numbers are of different sizes, else by the difference. */
  private static double middle(double from, double to) {
    return from > 0 && to > 4 * from ? Math.sqrt(from) * Math.sqrt(to) : from + (to - from) / 2;
  }
}
