package io.github.intruders.linalg;

import java.util.random.RandomGenerator;

/** Matrices of independent, normally distributed numbers, filled row by row. */
public final class Gaussian {
  private Gaussian() {}

  /** Numbers of standard deviation 1, in double precision. */
  public static Matrix matrix(RandomGenerator random, int rows, int cols) {
    return matrix(random, rows, cols, 1, Precision.DOUBLE);
  }

  /** Numbers of this standard deviation. */
  public static Matrix matrix(
      RandomGenerator random, int rows, int cols, double scale, Precision precision) {
    Matrix matrix = Matrix.allocate(rows, cols, precision);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix.set(i, j, scale * random.nextGaussian());
      }
    }
    return matrix;
  }
}
