package io.github.intruders.linalg;

import java.util.random.RandomGenerator;

/** Matrices of independent, normally distributed numbers, filled row by row. */
public final class Gaussian {
  private Gaussian() {}

  /** Numbers of standard deviation 1, (rows, cols), in double precision; the caller's. */
  public static Matrix matrix(RandomGenerator random, int rows, int cols) {
    return matrix(random, rows, cols, 1, Precision.DOUBLE);
  }

  /**
   * The same of another standard deviation and precision.
   *
   * @param scale the standard deviation
   */
  public static Matrix matrix(
      RandomGenerator random, int rows, int cols, double scale, Precision precision) {
    Matrix matrix = Matrix.allocate(rows, cols, precision);
    double[] row = new double[cols];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        row[j] = scale * random.nextGaussian();
      }
      matrix.setRow(i, row);
    }
    return matrix;
  }
}
