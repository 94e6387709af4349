package io.github.intruders.spectra;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;

/**
 * The thin decomposition of a base matrix, W0 = U0 · diag(S0) · V0ᵀ, p = min(rows, cols). Of one of
 * the two sides there may be just the leading vectors.
 *
 * @param contentHash hash of the tensor's content that was decomposed
 * @param u (rows, p), single precision: the left singular vectors are its columns; fewer columns
 *     where only the leading ones are there
 * @param s p singular values, descending
 * @param vt (p, cols), single precision: the right singular vectors are its rows; fewer rows where
 *     only the leading ones are there
 */
public record BaseSpectrum(String contentHash, Matrix u, double[] s, Matrix vt)
    implements SingularValues {
  public BaseSpectrum {
    if (Math.max(u.cols(), vt.rows()) != s.length) {
      throw new IllegalArgumentException(
          "Cannot pair U %s, %d singular values and Vᵀ %s".formatted(u, s.length, vt));
    }
    if (u.precision() != Precision.SINGLE || vt.precision() != Precision.SINGLE) {
      throw new IllegalArgumentException("U and Vᵀ are kept in single precision");
    }
  }

  /**
   * A decomposition rounded to what the store keeps, so that a stored one gives the same results.
   */
  public static BaseSpectrum of(String contentHash, Svd svd) {
    return new BaseSpectrum(
        contentHash, svd.u().to(Precision.SINGLE), svd.s(), svd.vt().to(Precision.SINGLE));
  }

  /** Which vectors are there in full. */
  public SpectrumPart part() {
    if (u.cols() == s.length && vt.rows() == s.length) {
      return SpectrumPart.BOTH;
    }
    return u.cols() == s.length ? SpectrumPart.LEFT : SpectrumPart.RIGHT;
  }

  @Override
  public int rows() {
    return u.rows();
  }

  @Override
  public int cols() {
    return vt.cols();
  }
}
