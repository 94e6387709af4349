package io.github.intruders.spectra;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SymmetricEigen;
import java.io.Serializable;
import java.util.Optional;

/**
 * The size of an update ΔW = W − W0.
 *
 * @param rank singular values above {@code max(m, n) · 2⁻⁵² · σ₁}, numpy's convention; null where
 *     the effective rank is an estimate, which does not tell it
 * @param norm ‖ΔW‖_F
 * @param spectralNorm ‖ΔW‖₂, the largest singular value σ₁
 * @param effectiveRank exp(−Σ pᵢ ln pᵢ) with pᵢ = σᵢ / Σσ (Roy and Vetterli 2007); 0 for a zero
 *     update
 * @param effectiveRankLow the effective rank is at least this; the same where it is exact
 * @param effectiveRankHigh and at most this
 */
public record UpdateStatistics(
    Integer rank,
    double norm,
    double spectralNorm,
    double effectiveRank,
    double effectiveRankLow,
    double effectiveRankHigh)
    implements Serializable {
  /** The figures of an update of zero. */
  public static final UpdateStatistics NONE = new UpdateStatistics(0, 0, 0, 0, 0, 0);

  /** Eigenvalues of a Gram matrix below this share of the largest are blurred by rounding. */
  private static final double GRAM_RESOLUTION = 1e-11;

  /** The square of the share of the largest singular value that such eigenvalues resolve. */
  private static final double BLUR = 1e-14;

  private static final int GRAM_BLOCK = 1024;

  /**
   * From the whole update, without its singular values: see {@link RankQuadrature}. Where that
   * leaves wide bounds the figures are exact ones, see {@link #ofDense}.
   *
   * @param update (m, n); stays as it is
   * @param identity names the matrix: the same name draws the same random numbers
   */
  public static UpdateStatistics estimated(Matrix update, String identity) {
    return RankQuadrature.of(update, identity).orElseGet(() -> ofDense(update));
  }

  /**
   * The same of an update that is not in this process, in single precision. Where the bounds stay
   * wide, they are told as they are.
   *
   * @param update (m, n)
   * @param norm ‖ΔW‖_F
   * @return nothing where single precision does not hold the numbers
   */
  public static Optional<UpdateStatistics> estimated(
      LinearOperator update, double norm, String identity) {
    return RankQuadrature.of(update, norm, identity);
  }

  /**
   * From the whole update, (m, n). Its singular values are the roots of the eigenvalues of the Gram
   * matrix, summed in double precision; where that blurs the small ones, they come from a dense
   * decomposition, at three times the cost.
   */
  public static UpdateStatistics ofDense(Matrix update) {
    int maxDimension = Math.max(update.rows(), update.cols());
    Optional<UpdateStatistics> bySquares = ofGram(gram(update), maxDimension);
    return bySquares.isPresent()
        ? bySquares.get()
        : ofSingularValues(
            LapackSvd.DIVIDE_AND_CONQUER.singularValues(update.to(Precision.DOUBLE)), maxDimension);
  }

  /**
   * From the Gram matrix of the update, ΔWᵀΔW or ΔWΔWᵀ.
   *
   * @param gram square, in double precision; only its upper triangle is read
   * @param maxDimension max(m, n) of the update
   * @return nothing if squaring blurs the small singular values, so that the rank is not known
   */
  private static Optional<UpdateStatistics> ofGram(Matrix gram, int maxDimension) {
    for (int i = 0; i < gram.rows(); i++) {
      if (!Double.isFinite(gram.get(i, i))) {
        return Optional.empty();
      }
    }
    double[] squares = SymmetricEigen.valuesOf(gram);
    if (squares[0] <= GRAM_RESOLUTION * squares[squares.length - 1]) {
      return Optional.empty();
    }
    return Optional.of(ofSquares(squares, maxDimension));
  }

  /**
   * From the Gram matrix of an update too large to be decomposed. Its small singular values are
   * blurred: the rank counts those above 1e-7 of the largest.
   *
   * @param gram square, in double precision, finite; only its upper triangle is read
   */
  public static UpdateStatistics ofBlurredGram(Matrix gram, int maxDimension) {
    double[] squares = SymmetricEigen.valuesOf(gram);
    double floor = BLUR * Math.max(0, squares[squares.length - 1]);
    for (int i = 0; i < squares.length; i++) {
      squares[i] = squares[i] > floor ? squares[i] : 0;
    }
    return ofSquares(squares, maxDimension);
  }

  /**
   * @param squares of the singular values, ascending
   */
  private static UpdateStatistics ofSquares(double[] squares, int maxDimension) {
    double[] s = new double[squares.length];
    for (int i = 0; i < s.length; i++) {
      s[i] = Math.sqrt(squares[s.length - 1 - i]);
    }
    return ofSingularValues(s, maxDimension);
  }

  /** ΔᵀΔ or ΔΔᵀ, whichever is smaller; the upper triangle. */
  private static Matrix gram(Matrix update) {
    boolean tall = update.rows() >= update.cols();
    int p = update.minDimension();
    int length = Math.max(update.rows(), update.cols());
    Matrix gram = Matrix.zeros(p, p, Precision.DOUBLE);
    for (int from = 0; from < length; from += GRAM_BLOCK) {
      int to = Math.min(length, from + GRAM_BLOCK);
      try (Arena arena = Arena.open()) {
        Matrix part =
            tall
                ? update.rowRange(from, to).to(Precision.DOUBLE)
                : update.columnRange(from, to).to(Precision.DOUBLE).transposed();
        gram.plusGramInPlace(part);
      }
    }
    return gram;
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
        OrthonormalBasis.triangleOfRows(b.transposed())
            .times(OrthonormalBasis.triangleOfRows(a).t());
    return ofSingularValues(
        LapackSvd.DIVIDE_AND_CONQUER.singularValues(core), Math.max(b.rows(), a.cols()));
  }

  private static UpdateStatistics ofSingularValues(double[] s, int maxDimension) {
    double largest = s[0];
    if (largest == 0) {
      return NONE;
    }
    double floor = Precision.DOUBLE.noiseFloor(largest, maxDimension);
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
    double effectiveRank = Math.exp(entropy);
    return new UpdateStatistics(
        rank, largest * Math.sqrt(squares), largest, effectiveRank, effectiveRank, effectiveRank);
  }
}
