package io.github.intruders.scan;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.PrincipalAngles;
import io.github.intruders.linalg.Svd;
import io.github.intruders.linalg.SymmetricEigen;
import io.github.intruders.spectra.GramSpectrum;
import io.github.intruders.spectra.UpdateStatistics;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * The route of matrices too large for one task: tall ones, (m, n) with m far above n, such as an
 * output head, and wide ones, by their transposes. All that is needed of a tall matrix are small
 * sums over blocks of rows, which tasks compute side by side: Gram matrices and products W0ᵀ X.
 * Left vectors are never formed; with u = W v / σ and U0 = W0 V0 S0⁻¹ the coordinates are
 *
 * <pre>U0ᵀ u = S0⁻¹ V0ᵀ (W0ᵀ W) v / σ</pre>
 *
 * Of a wide matrix all arguments are those of its transpose, and left and right change places.
 *
 * <p>All sums are in double precision, yet squares hide what is small: see {@link GramSpectrum} and
 * {@link UpdateStatistics#ofBlurredGram}. Base vectors below the resolution have no coordinates.
 */
public final class GramRoute {
  static final String NAME = "gram";

  /** What roundings of single precision come to in the cosines, in units of one. */
  private static final double BLUR = 4;

  private GramRoute() {}

  /**
   * Sums over the blocks of a base and a tuned matrix.
   *
   * @param tuned Wᵀ W, (n, n), upper triangle
   * @param cross W0ᵀ W, (n, n)
   * @param update (W − W0)ᵀ (W − W0), (n, n), upper triangle
   * @param unchanged (1, 1): how many entries are the same, see {@link Geometry#unchangedShare}
   */
  public record Sums(Matrix tuned, Matrix cross, Matrix update, Matrix unchanged) {
    /** Sums over no block. */
    public static Sums zeros(int n) {
      return new Sums(
          Matrix.zeros(n, n, Precision.DOUBLE),
          Matrix.zeros(n, n, Precision.DOUBLE),
          Matrix.zeros(n, n, Precision.DOUBLE),
          Matrix.zeros(1, 1, Precision.DOUBLE));
    }

    /**
     * Adds a block of the same rows of both, in double precision.
     *
     * @param w overwritten
     */
    public void add(Matrix w0, Matrix w) {
      tuned.plusGramInPlace(w);
      cross.plusProductInPlace(1, w0.t(), w);
      unchanged.set(0, 0, unchanged.get(0, 0) + EntryChange.unchanged(w0, w));
      update.plusGramInPlace(w.plusInPlace(-1, w0));
    }
  }

  /**
   * What the sums say of a full fine-tune.
   *
   * @param stored the type of its elements
   * @param entries what they say by themselves
   */
  static MatrixScan scan(
      GramSpectrum base, Sums sums, ScanSettings settings, DType stored, EntryChange entries) {
    int k = settings.topK().of(base.minDimension());
    SymmetricEigen eigen = SymmetricEigen.of(sums.tuned());
    int n = base.minDimension();
    double[] s = new double[k];
    double[] inverse = new double[k];
    Matrix v = Matrix.allocate(n, k, Precision.DOUBLE);
    for (int j = 0; j < k; j++) {
      s[j] = Math.sqrt(Math.max(0, eigen.values()[n - 1 - j]));
      inverse[j] = s[j] > 0 ? 1 / s[j] : 0;
      v.columnRange(j, j + 1).assign(eigen.vectors().rowRange(n - 1 - j, n - j).transposed());
    }
    Matrix vt = base.vectors().to(Precision.DOUBLE);
    Matrix left =
        vt.times(sums.cross().times(v).scaleColumnsInPlace(inverse))
            .scaleRowsInPlace(base.inverse());
    double[] residuals = residuals(sums.tuned(), v, s);
    double next = k < n ? Math.sqrt(Math.max(0, eigen.values()[n - 1 - k])) : -s[k - 1];
    TunedSpectrum tuned =
        new TunedSpectrum(
            s,
            coordinates(base, left, vt.times(v)),
            residuals,
            NAME,
            resolution(base, s[0]),
            rotations(base, left, vt, v, error(s, residuals, next, n)));
    UpdateStatistics update =
        UpdateStatistics.ofBlurredGram(sums.update(), Math.max(base.rows(), base.cols()));
    return MatrixScan.of(base, tuned.roundedTo(stored, base), update, settings, entries);
  }

  /** What squares leave uncertain of the span of the leading vectors of the short side. */
  private static double error(double[] s, double[] residuals, double next, int n) {
    double[] errors = new double[s.length + 1];
    for (int j = 0; j < s.length; j++) {
      errors[j] = residuals[j] * s[j] * s[j];
    }
    errors[s.length] = Precision.DOUBLE.noiseFloor(s[0] * s[0], n);
    double last = s[s.length - 1];
    return Rotation.error(errors, last * last, Math.signum(next) * next * next);
  }

  /**
   * The short side's angles are those of its vectors. Of the long side there are coordinates alone,
   * those outside the base's span not among them: small angles come from cosines, and V0, rounded
   * to single precision, blurs them.
   */
  private static Map<Side, Rotation> rotations(
      GramSpectrum base, Matrix left, Matrix vt, Matrix v, double error) {
    int k = v.cols();
    if (k > Rotation.MOST_VECTORS || !(base.s()[k - 1] > base.resolution())) {
      return Map.of();
    }
    Rotation shortSide =
        Rotation.of(PrincipalAngles.between(vt.rowRange(0, k).transposed(), v), error);
    double blur = BLUR * Precision.SINGLE.epsilon() * base.s()[0] / base.s()[k - 1];
    double[] angles = PrincipalAngles.fromCosines(left.rowRange(0, k).copy());
    double smallest = Math.max(Math.sqrt(blur), angles[k - 1]);
    Rotation longSide = Rotation.of(angles, error + blur / smallest);
    return bySide(base, longSide, shortSide);
  }

  /** ‖Wᵀ W v − σ² v‖ / σ², which is ‖Wᵀ u − σ v‖ / σ; W v = σ u holds by definition. */
  private static double[] residuals(Matrix upperGram, Matrix v, double[] s) {
    Matrix gram = upperGram.copy();
    for (int i = 0; i < gram.rows(); i++) {
      for (int j = 0; j < i; j++) {
        gram.set(i, j, gram.get(j, i));
      }
    }
    double[] squares = Arrays.stream(s).map(value -> value * value).toArray();
    double[] norms =
        gram.times(v).plusInPlace(-1, v.copy().scaleColumnsInPlace(squares)).columnNorms();
    for (int j = 0; j < norms.length; j++) {
      norms[j] = norms[j] == 0 ? 0 : norms[j] / Math.max(squares[j], Double.MIN_NORMAL);
    }
    return norms;
  }

  /**
   * What W0ᵀ B says of a base with the update B · A.
   *
   * @param projected W0ᵀ B, (n, R) in double precision
   * @param b (m, R)
   * @param a (R, n)
   * @return nothing if the route's certificate failed
   */
  public static Optional<MatrixScan> scan(
      GramSpectrum base, Matrix projected, Matrix b, Matrix a, ScanSettings settings) {
    int k = settings.topK().of(base.minDimension());
    if (!LowRankRoute.suits(base.minDimension(), b.cols(), k)) {
      return Optional.empty();
    }
    Matrix vt = base.vectors().to(Precision.DOUBLE);
    Matrix inside = vt.times(projected).scaleRowsInPlace(base.inverse());
    Matrix outside = root(b.t().times(b).plusProductInPlace(-1, inside.t(), inside));
    int n = base.minDimension();
    Matrix l = Matrix.allocate(n + b.cols(), b.cols(), Precision.DOUBLE);
    l.rowRange(0, n).assign(inside);
    l.rowRange(n, n + b.cols()).assign(outside);
    CoordinateUpdate update = new CoordinateUpdate(l.transposed(), a.times(vt.t()));
    return new LowRankRoute()
        .solve(base, update, k)
        .map(
            tuned ->
                MatrixScan.of(
                    base,
                    new TunedSpectrum(
                        tuned.s(),
                        coordinates(
                            base,
                            tuned.coordinates().get(Side.LEFT),
                            tuned.coordinates().get(Side.RIGHT)),
                        tuned.residuals(),
                        NAME,
                        Math.max(tuned.resolution(), resolution(base, tuned.s()[0])),
                        tuned.rotations().isEmpty()
                            ? Map.of()
                            : bySide(
                                base,
                                tuned.rotations().get(Side.LEFT),
                                tuned.rotations().get(Side.RIGHT))),
                    UpdateStatistics.ofFactors(b, a),
                    settings));
  }

  /** What squares hide of the base or of the tuned matrix. */
  private static double resolution(GramSpectrum base, double largest) {
    return Math.max(base.resolution(), GramSpectrum.RESOLUTION * largest);
  }

  /** What was found of the tall matrix, by the sides of the matrix itself. */
  private static Map<Side, Matrix> coordinates(GramSpectrum base, Matrix left, Matrix right) {
    return bySide(base, left, right);
  }

  private static <T> Map<Side, T> bySide(GramSpectrum base, T left, T right) {
    return base.wide()
        ? Map.of(Side.LEFT, right, Side.RIGHT, left)
        : Map.of(Side.LEFT, left, Side.RIGHT, right);
  }

  /** R with Rᵀ R = the given positive semidefinite matrix, up to rounding. */
  private static Matrix root(Matrix gram) {
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(gram);
    double[] roots = Arrays.stream(svd.s()).map(Math::sqrt).toArray();
    return svd.vt().scaleRowsInPlace(roots);
  }
}
