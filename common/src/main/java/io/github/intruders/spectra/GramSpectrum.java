package io.github.intruders.spectra;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SymmetricEigen;

/**
 * What the Gram matrix W0ᵀ W0 of a tall base matrix tells of its decomposition: the singular values
 * and the right vectors. The left ones, as large as the matrix, are never formed: with U0 = W0 V0
 * S0⁻¹, coordinates in them follow from products with W0.
 *
 * <p>Squaring costs accuracy at the low end: a singular value is known to about 2⁻⁵² σ₁² / σ, so
 * values below 1e-8 σ₁ are noise, and base vectors at or below {@link #resolution()} take no part
 * in similarities.
 *
 * @param rows m, larger than cols
 * @param s n singular values, descending
 * @param vt (n, n), single precision: the right singular vectors are its rows
 */
public record GramSpectrum(int rows, double[] s, Matrix vt) implements SingularValues {
  private static final double RESOLUTION = 1e-7;

  public GramSpectrum {
    if (vt.rows() != s.length || vt.cols() != s.length || vt.precision() != Precision.SINGLE) {
      throw new IllegalArgumentException(
          "Cannot pair %d singular values and Vᵀ %s".formatted(s.length, vt));
    }
  }

  /**
   * From the Gram matrix.
   *
   * @param rows of W0
   * @param gram W0ᵀ W0, (n, n) in double precision; only its upper triangle is read
   */
  public static GramSpectrum of(int rows, Matrix gram) {
    SymmetricEigen eigen = SymmetricEigen.of(gram);
    int n = gram.rows();
    double[] s = new double[n];
    Matrix vt = Matrix.allocate(n, n, Precision.SINGLE);
    for (int i = 0; i < n; i++) {
      s[i] = Math.sqrt(Math.max(0, eigen.values()[n - 1 - i]));
      vt.rowRange(i, i + 1).assign(eigen.vectors().rowRange(n - 1 - i, n - i));
    }
    return new GramSpectrum(rows, s, vt);
  }

  @Override
  public int cols() {
    return s.length;
  }

  /** The singular value from which on the vectors are known. */
  public double resolution() {
    return RESOLUTION * s[0];
  }

  /** 1 / σ for every singular value, 0 for those below the resolution. */
  public double[] inverse() {
    double[] inverse = new double[s.length];
    for (int i = 0; i < inverse.length; i++) {
      inverse[i] = s[i] > resolution() ? 1 / s[i] : 0;
    }
    return inverse;
  }
}
