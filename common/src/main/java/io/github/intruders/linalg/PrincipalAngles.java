package io.github.intruders.linalg;

import java.util.Arrays;

/**
 * The principal angles between two subspaces of the same dimension k. Small ones come from their
 * sines, the others from their cosines, so that none loses half of its digits (Björck and Golub
 * 1973, as in SciPy's {@code subspace_angles}).
 */
public final class PrincipalAngles {
  private PrincipalAngles() {}

  /**
   * Of two subspaces by their bases.
   *
   * @param a (n, k), orthonormal columns, in either precision
   * @param b (n, k), orthonormal columns, in either precision
   * @return k angles in radians, descending
   */
  public static double[] between(Matrix a, Matrix b) {
    try (Arena arena = Arena.open()) {
      Matrix first = a.to(Precision.DOUBLE);
      Matrix second = b.to(Precision.DOUBLE);
      Matrix cosines = first.t().times(second);
      return of(cosines, second.plusProductInPlace(-1, first, cosines).transposed());
    }
  }

  /**
   * Of the leading coordinate axes and a subspace.
   *
   * @param vectors (k, n) in double precision, n ≥ 2k, orthonormal rows: the subspace's basis
   * @return the angles with the span of the first k axes: k of them in radians, descending
   */
  public static double[] fromAxes(Matrix vectors) {
    int k = vectors.rows();
    try (Arena arena = Arena.open()) {
      return of(vectors.columnRange(0, k).copy(), vectors.columnRange(k, vectors.cols()).copy());
    }
  }

  /**
   * From the cosines alone. An angle below about 1e-8 comes out as 0.
   *
   * @param cosines (k, k): products of the vectors of two orthonormal bases
   */
  public static double[] fromCosines(Matrix cosines) {
    double[] cos = LapackSvd.DIVIDE_AND_CONQUER.singularValues(cosines.in(Precision.DOUBLE));
    double[] angles = new double[cos.length];
    for (int i = 0; i < angles.length; i++) {
      angles[i] = Math.acos(Math.min(1, cos[cos.length - 1 - i]));
    }
    return angles;
  }

  /**
   * @param rest what one basis has outside the other's span, as rows
   */
  private static double[] of(Matrix cosines, Matrix rest) {
    double[] angles = fromCosines(cosines);
    double[] sines =
        LapackSvd.DIVIDE_AND_CONQUER.singularValues(OrthonormalBasis.triangleOfRows(rest));
    for (int i = 0; i < angles.length; i++) {
      if (angles[i] < Math.PI / 4) {
        angles[i] = Math.asin(Math.min(1, sines[i]));
      }
    }
    Arrays.sort(angles);
    for (int i = 0; i < angles.length / 2; i++) {
      double other = angles[i];
      angles[i] = angles[angles.length - 1 - i];
      angles[angles.length - 1 - i] = other;
    }
    return angles;
  }
}
