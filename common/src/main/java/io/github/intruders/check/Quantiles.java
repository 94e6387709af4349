package io.github.intruders.check;

/** Quantiles by linear interpolation, as NumPy takes them by default. */
final class Quantiles {
  private Quantiles() {}

  /**
   * One of them.
   *
   * @param sorted ascending, at least one
   * @param share from 0 to 1
   */
  static double of(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) Math.floor(place);
    int above = Math.min(below + 1, sorted.length - 1);
    double rest = place - below;
    return rest == 0 ? sorted[below] : sorted[below] + rest * (sorted[above] - sorted[below]);
  }
}
