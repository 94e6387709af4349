package io.github.intruders.scan;

import java.util.Arrays;

/**
 * How far the leading-k subspace of a tuned matrix is turned from its base's, on one side.
 *
 * @param largest of the principal angles, in radians
 * @param mean of all k of them
 * @param error by how much each angle may be off, in radians; infinite where the tuned matrix's
 *     k-th and next singular values can't be told apart
 */
public record Rotation(double largest, double mean, double error) {
  /** Beyond this many vectors the angles would cost more than they tell. */
  static final int MOST_VECTORS = 256;

  /**
   * From all angles.
   *
   * @param angles in radians, descending, at least one
   */
  public static Rotation of(double[] angles, double error) {
    return new Rotation(angles[0], Arrays.stream(angles).average().orElseThrow(), error);
  }

  /**
   * By how much a subspace of approximate singular vectors may be off: the norm of their residuals
   * over the distance to the rest of the spectrum (Wedin 1972).
   *
   * @param residuals of the vectors, absolute
   * @param last the smallest of their singular values
   * @param next no singular value of the others lies above it
   * @return an angle in radians, or infinity
   */
  static double error(double[] residuals, double last, double next) {
    double squares = 0;
    for (double residual : residuals) {
      squares += residual * residual;
    }
    double gap = last - next;
    return gap > 0 ? Math.sqrt(2 * squares) / gap : Double.POSITIVE_INFINITY;
  }
}
