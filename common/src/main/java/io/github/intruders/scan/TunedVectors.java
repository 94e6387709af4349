package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.function.UnaryOperator;

/**
 * The k leading singular vectors of a tuned matrix W = U S Vᵀ in the space of its rows and columns.
 * A column is zero where the singular value is zero up to rounding, since such a vector has no
 * direction of its own. Signs are arbitrary.
 *
 * @param u (m, k) in single precision, the left vectors as columns
 * @param v (n, k) in single precision, the right vectors as columns
 */
public record TunedVectors(Matrix u, Matrix v) {

  /** The vectors of a base with a low-rank update, without forming W. */
  static TunedVectors of(BaseSpectrum base, TunedSpectrum tuned, CoordinateUpdate.Factors factors) {
    Matrix b = factors.b().to(Precision.SINGLE);
    Matrix a = factors.a().to(Precision.SINGLE);
    return of(base, tuned, v -> b.times(a.times(v)), u -> a.t().times(b.t().times(u)));
  }

  /**
   * The vectors of a whole matrix.
   *
   * @param w (m, n) in single precision
   */
  static TunedVectors of(BaseSpectrum base, TunedSpectrum tuned, Matrix w) {
    return of(base, tuned, w::times, w.t()::times);
  }

  /**
   * A vector is its part in the span of the base's vectors, known by coordinates, and a part
   * outside, which σ u = W v and σ v = Wᵀ u give. Since p = min(m, n), one of the two sides has no
   * part outside.
   *
   * @param times W · v up to vectors in the span of U0
   * @param transposedTimes Wᵀ · u up to vectors in the span of V0
   */
  private static TunedVectors of(
      BaseSpectrum base,
      TunedSpectrum tuned,
      UnaryOperator<Matrix> times,
      UnaryOperator<Matrix> transposedTimes) {
    Matrix u = base.u().times(tuned.coordinates().get(Side.LEFT).to(Precision.SINGLE));
    Matrix v = base.vt().t().times(tuned.coordinates().get(Side.RIGHT).to(Precision.SINGLE));
    double[] inverse = inverse(tuned);
    if (base.rows() > base.minDimension()) {
      Matrix outside = times.apply(v).scaleColumnsInPlace(inverse);
      outside.plusInPlace(-1, base.u().times(base.u().t().times(outside)));
      u.plusInPlace(1, outside);
    } else if (base.cols() > base.minDimension()) {
      Matrix outside = transposedTimes.apply(u).scaleColumnsInPlace(inverse);
      outside.plusInPlace(-1, base.vt().t().times(base.vt().times(outside)));
      v.plusInPlace(1, outside);
    }
    return new TunedVectors(normalised(u, inverse), normalised(v, inverse));
  }

  /** 1 / σ, or 0 where σ is zero up to rounding. */
  private static double[] inverse(TunedSpectrum tuned) {
    double[] inverse = new double[tuned.k()];
    for (int j = 0; j < inverse.length; j++) {
      inverse[j] = tuned.hasDirection(j) ? 1 / tuned.s()[j] : 0;
    }
    return inverse;
  }

  private static Matrix normalised(Matrix vectors, double[] inverse) {
    double[] scales = vectors.columnNorms();
    for (int j = 0; j < scales.length; j++) {
      scales[j] = inverse[j] == 0 || scales[j] == 0 ? 0 : 1 / scales[j];
    }
    return vectors.scaleColumnsInPlace(scales);
  }
}
