package io.github.intruders.spectra;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import java.util.Optional;

/**
 * Completes a decomposition of which one side is known: U0ᵀ W0 = S0 V0ᵀ, one product, whose rows
 * are the missing vectors times their singular values.
 *
 * <p>The known vectors are rounded to single precision, so row i carries a little of every other
 * vector, relatively as much as σ₁ / σᵢ. Orthonormalising the rows in their order takes the larger
 * ones out of the smaller ones; what remains is of the size of the rounding itself. The triangular
 * factor tells whether all is well: its diagonal has to hold the singular values, and nothing else
 * may stand beside it. Where that fails, or the smallest singular value is below {@value
 * #WELL_CONDITIONED} of the largest, there is no result.
 */
final class MissingSide {
  private static final double WELL_CONDITIONED = 1e-5;
  private static final double TOLERANCE = 1e-4;

  private MissingSide() {}

  /**
   * Computes the other side.
   *
   * @param known U0 or V0ᵀ in full
   * @param w0 (m, n) in double precision, the matrix it is of
   * @return both sides; nothing if they can't be had this way
   */
  static Optional<BaseSpectrum> recover(BaseSpectrum known, Matrix w0) {
    double[] s = known.s();
    if (known.rows() != w0.rows()
        || known.cols() != w0.cols()
        || !(s[s.length - 1] >= WELL_CONDITIONED * s[0])) {
      return Optional.empty();
    }
    boolean left = known.part().hasLeft();
    Matrix scaled =
        left
            ? w0.t().times(known.u().to(Precision.DOUBLE))
            : w0.times(known.vt().to(Precision.DOUBLE).t());
    OrthonormalBasis basis = OrthonormalBasis.of(scaled);
    if (!isDiagonal(basis.r(), s)) {
      return Optional.empty();
    }
    double[] signs = new double[s.length];
    for (int i = 0; i < signs.length; i++) {
      signs[i] = Math.signum(basis.r().get(i, i));
    }
    Matrix vectors = basis.q().scaleColumnsInPlace(signs).to(Precision.SINGLE);
    return Optional.of(
        left
            ? new BaseSpectrum(known.contentHash(), known.u(), s, vectors.transposed())
            : new BaseSpectrum(known.contentHash(), vectors, s, known.vt()));
  }

  /** Whether column i of R is ±σᵢ on the diagonal and small above it, each row by its own σ. */
  private static boolean isDiagonal(Matrix r, double[] s) {
    for (int j = 0; j < s.length; j++) {
      if (!(Math.abs(Math.abs(r.get(j, j)) - s[j]) <= TOLERANCE * s[j])) {
        return false;
      }
      for (int i = 0; i < j; i++) {
        if (!(Math.abs(r.get(i, j)) <= TOLERANCE * s[i])) {
          return false;
        }
      }
    }
    return true;
  }
}
