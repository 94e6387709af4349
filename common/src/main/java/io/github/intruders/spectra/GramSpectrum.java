package io.github.intruders.spectra;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SymmetricEigen;

/**
 * What the Gram matrix of a base matrix with a short and a long side tells of its decomposition:
 * W0ᵀ W0 of a tall one, W0 W0ᵀ of a wide one. That is the singular values and the vectors of the
 * short side. Those of the long side, as large as the matrix, are never formed: with U0 = W0 V0
 * S0⁻¹ of a tall matrix, and V0 = W0ᵀ U0 S0⁻¹ of a wide one, coordinates in them follow from
 * products with W0.
 *
 * <p>Squaring costs accuracy at the low end: a singular value is known to about 2⁻⁵² σ₁² / σ, so
 * values below 1e-8 σ₁ are noise, and those at or below {@link #resolution()} count as zero.
 *
 * @param rows m of the matrix
 * @param cols n of the matrix
 * @param s p = min(m, n) singular values, descending
 * @param vectors (p, p), single precision: the singular vectors of the short side are its rows, V0ᵀ
 *     of a tall matrix and U0ᵀ of a wide one
 */
public record GramSpectrum(int rows, int cols, double[] s, Matrix vectors)
    implements SingularValues {
  /** The share of the largest singular value from which on squares tell vectors apart. */
  public static final double RESOLUTION = 1e-7;

  public GramSpectrum {
    if (Math.min(rows, cols) != s.length
        || vectors.rows() != s.length
        || vectors.cols() != s.length
        || vectors.precision() != Precision.SINGLE) {
      throw new IllegalArgumentException(
          "Cannot pair %dx%d, %d singular values and vectors %s"
              .formatted(rows, cols, s.length, vectors));
    }
  }

  /**
   * From the Gram matrix.
   *
   * @param rows of W0
   * @param cols of W0
   * @param gram of the short side, (p, p) in double precision; only its upper triangle is read
   */
  public static GramSpectrum of(int rows, int cols, Matrix gram) {
    SymmetricEigen eigen = SymmetricEigen.of(gram);
    int p = gram.rows();
    double[] s = new double[p];
    Matrix vectors = Matrix.allocate(p, p, Precision.SINGLE);
    for (int i = 0; i < p; i++) {
      s[i] = Math.sqrt(Math.max(0, eigen.values()[p - 1 - i]));
      vectors.rowRange(i, i + 1).assign(eigen.vectors().rowRange(p - 1 - i, p - i));
    }
    return new GramSpectrum(rows, cols, s, vectors);
  }

  /** Whether the short side is that of the rows. */
  public boolean wide() {
    return rows < cols;
  }

  /** The singular value from which on the vectors are known: squares hide more than rounding. */
  @Override
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
