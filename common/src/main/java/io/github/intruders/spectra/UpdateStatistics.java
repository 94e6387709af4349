package io.github.intruders.spectra;

import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;

/**
 * The size of an update ΔW = W − W0.
 *
 * @param rank singular values above {@code max(m, n) · 2⁻⁵² · σ₁}, numpy's convention
 * @param norm ‖ΔW‖_F
 * @param spectralNorm ‖ΔW‖₂, the largest singular value σ₁
 * @param effectiveRank exp(−Σ pᵢ ln pᵢ) with pᵢ = σᵢ / Σσ (Roy and Vetterli 2007); 0 for a zero
 *     update
 */
public record UpdateStatistics(int rank, double norm, double spectralNorm, double effectiveRank) {

  /** From the whole update, (m, n), in double precision: costs a dense decomposition. */
  public static UpdateStatistics ofDense(Matrix update) {
    return ofSingularValues(
        LapackSvd.DIVIDE_AND_CONQUER.singularValues(update),
        Math.max(update.rows(), update.cols()));
  }

  /**
   * From the factors of ΔW = b · a, without forming it: the singular values of ΔW are those of R_b
   * · R_aᵀ, where b = Q_b R_b and aᵀ = Q_a R_a.
   *
   * @param b (m, r) in double precision, any scale folded in
   * @param a (r, n) in double precision
   */
  public static UpdateStatistics ofFactors(Matrix b, Matrix a) {
    int rank = b.cols();
    if (rank > Math.min(b.rows(), a.cols())) {
      return ofDense(b.times(a));
    }
    Matrix core =
        OrthonormalBasis.of(b).r().timesTransposed(OrthonormalBasis.of(a.transposed()).r());
    return ofSingularValues(
        LapackSvd.DIVIDE_AND_CONQUER.singularValues(core.to(Precision.DOUBLE)),
        Math.max(b.rows(), a.cols()));
  }

  private static UpdateStatistics ofSingularValues(double[] s, int maxDimension) {
    double largest = s[0];
    if (largest == 0) {
      return new UpdateStatistics(0, 0, 0, 0);
    }
    double floor = maxDimension * Precision.DOUBLE.epsilon() * largest;
    int rank = 0;
    double sum = 0;
    double squares = 0;
    for (double value : s) {
      if (value > floor) {
        rank++;
      }
      sum += value / largest;
      squares += (value / largest) * (value / largest);
    }
    double entropy = 0;
    for (double value : s) {
      double share = value / largest / sum;
      if (share > 0) {
        entropy -= share * Math.log(share);
      }
    }
    return new UpdateStatistics(rank, largest * Math.sqrt(squares), largest, Math.exp(entropy));
  }
}
