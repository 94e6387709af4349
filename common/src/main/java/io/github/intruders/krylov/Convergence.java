package io.github.intruders.krylov;

/** When a search has come to its leading triplets. It is asked from time to time, not each step. */
final class Convergence {
  /** Residuals of this many units of rounding don't become smaller. */
  static final double FLOOR = 8;

  /** Up to this many, a triplet counts as converged, and is kept out of the Lanczos runs. */
  private static final double CONVERGED = 40;

  /** The share of a gap that a residual may be. */
  private static final double SHARE_OF_GAP = 5e-5;

  /** A search is not asked for its values before this step, and after it not at every one. */
  private static final int FIRST_ASKED = 3;

  private static final int MOST_UNASKED = 2;

  private final LeadingSearch search;
  private final int wanted;
  private final double unit;
  private int step;
  private int asked = FIRST_ASKED;
  private int before;
  private boolean over;

  /**
   * @param wanted how many leading triplets are waited for
   * @param unit of rounding
   */
  Convergence(LeadingSearch search, int wanted, double unit) {
    this.search = search;
    this.wanted = wanted;
    this.unit = unit;
    this.over = !search.hasRoom();
  }

  /** Whether they have converged, or there is no more room. */
  boolean isOver() {
    return over;
  }

  /** Takes note of a step; the search knows its values when it is over. */
  void stepped() {
    step++;
    boolean last = !search.hasRoom();
    if (last || (search.size() >= 2 * wanted && step >= asked)) {
      search.project();
      int converged = converged();
      over = last || converged >= wanted;
      boolean far = before == 0 || wanted - converged > (converged - before) * MOST_UNASKED;
      asked = step + (far ? MOST_UNASKED : 1);
      before = converged;
    }
  }

  /** How many of the leading triplets are as good as they have to be. */
  private int converged() {
    double[] s = search.values();
    double floor = FLOOR * unit * s[0];
    int count = 0;
    while (count + 1 < s.length) {
      double above = count == 0 ? Double.POSITIVE_INFINITY : s[count - 1] - s[count];
      double gap = Math.min(above, s[count] - s[count + 1]);
      double small = Math.min(CONVERGED * unit * s[0], SHARE_OF_GAP * gap);
      if (!(search.estimates()[count] <= Math.max(floor, small))) {
        return count;
      }
      count++;
    }
    return count;
  }

  /** How many of the leading triplets, up to a number, rounding alone keeps from being exact. */
  int exact(int most) {
    double[] s = search.values();
    double tolerance = CONVERGED * unit * s[0];
    int count = 0;
    while (count < Math.min(s.length - 1, most) && search.estimates()[count] <= tolerance) {
      count++;
    }
    return count;
  }
}
