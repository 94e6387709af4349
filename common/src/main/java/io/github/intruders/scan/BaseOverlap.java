package io.github.intruders.scan;

import java.util.List;

/**
 * How much of a tuned matrix's k leading singular vectors lies in the span of the base's k leading
 * ones: the mean of cos² over their principal angles, with what random subspaces have, k of the
 * dimension, taken for 0, and the same subspace for 1. Of two sides the one where it is more.
 */
public final class BaseOverlap {
  private BaseOverlap() {}

  /**
   * At most 1, and below 0 where it is less than chance would have it; null where it is not known
   * of any side.
   *
   * @param vectors the tested vectors of a matrix
   * @param rows of the matrix, and so the dimension of left vectors
   * @param cols of the matrix
   */
  public static Double of(List<VectorScan> vectors, int rows, int cols) {
    Double left = ofSide(vectors, Side.LEFT, rows);
    Double right = ofSide(vectors, Side.RIGHT, cols);
    if (left == null || right == null) {
      return left == null ? right : left;
    }
    return Math.max(left, right);
  }

  private static Double ofSide(List<VectorScan> vectors, Side side, int dimension) {
    int k = 0;
    double energy = 0;
    for (VectorScan vector : vectors) {
      if (vector.side() == side) {
        if (vector.energyInBaseTopK() == null) {
          return null;
        }
        k++;
        energy += vector.energyInBaseTopK();
      }
    }
    double chance = (double) k / dimension;
    return k == 0 || chance >= 1 ? null : (Double) ((energy / k - chance) / (1 - chance));
  }
}
