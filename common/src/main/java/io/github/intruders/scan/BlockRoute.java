package io.github.intruders.scan;

import io.github.intruders.linalg.BlockKrylov;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import io.github.intruders.spectra.BaseSpectrum;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The leading triplets of a whole tuned matrix by a block Krylov method (Golub, Luk and Overton
 * 1981) with full orthogonalisation, in single precision. The start block holds the base's leading
 * right vectors, which a fine-tune moves only a little, and random ones.
 *
 * <p>Two certificates stand behind a result. The residuals of all triplets are computed from the
 * matrix itself. And the random vectors bound what can have been missed: for any matrix at all, the
 * chance that a singular value exceeds the k-th found by more than {@value #MISSED_MARGIN} of it
 * and stayed unseen is below {@value #MISSED_CHANCE} (the bound of Kuczyński and Woźniakowski 1992
 * for Lanczos with a random start, for each random vector by itself); the steps are as many as that
 * takes. Besides, the value after the k-th has to have settled. Where a certificate fails there is
 * no result.
 */
final class BlockRoute {
  static final String NAME = "block";

  private static final double MISSED_MARGIN = 0.15;
  private static final double MISSED_CHANCE = 1e-9;

  /** A residual that single precision still tells from its own rounding. */
  private static final double CONVERGED = 2e-6;

  /** The largest residual that is accepted where rounding stops the progress earlier. */
  private static final double CERTIFIED = 1e-5;

  private static final double SETTLED = 1e-2;

  /** Base spectra outside these bounds could leave single precision's range on the way. */
  private static final double SMALLEST_NORM = 1e-12;

  private static final double LARGEST_NORM = 1e12;
  private static final int SPARE_VECTORS = 4;
  private static final int LEAST_RANDOM_VECTORS = 8;

  /** Products of a width that is a multiple of this run fastest. */
  private static final int WIDTH = 8;

  private static final int MORE_STEPS = 12;
  private static final long SEED = 8128;

  /** Whether the search space stays well below the whole one, so that the route can pay. */
  static boolean suits(BaseSpectrum base, int k) {
    return suits(base.cols(), base.minDimension(), k)
        && base.spectralNorm() > SMALLEST_NORM
        && base.spectralNorm() < LARGEST_NORM;
  }

  /** The same by the shape alone. */
  static boolean suits(int cols, int minDimension, int k) {
    return width(k) * leastSteps(cols, k) <= minDimension / 2;
  }

  /** How many vectors go through the matrix at once. */
  private static int width(int k) {
    return (warm(k) + LEAST_RANDOM_VECTORS + WIDTH - 1) / WIDTH * WIDTH;
  }

  /** How many of them start as the base's leading right vectors. */
  static int warm(int k) {
    return k + SPARE_VECTORS;
  }

  /**
   * The least number of steps q for the bound on what can have been missed: one random vector
   * misses with a chance of at most 1.648 √n exp(−√ε (2q − 1)), where ε is the margin in σ².
   */
  private static int leastSteps(int n, int k) {
    double epsilon = 1 - 1 / ((1 + MISSED_MARGIN) * (1 + MISSED_MARGIN));
    int randomVectors = width(k) - warm(k);
    double exponent = Math.log(1.648 * Math.sqrt(n)) - Math.log(MISSED_CHANCE) / randomVectors;
    return (int) Math.ceil((exponent / Math.sqrt(epsilon) + 1) / 2);
  }

  /**
   * Finds the {@code k} leading triplets.
   *
   * @param w (m, n) in single precision; stays as it is
   * @return nothing if a certificate failed
   */
  Optional<TunedSpectrum> solve(BaseSpectrum base, Matrix w, int k) {
    int least = leastSteps(base.cols(), k);
    int most = Math.min(least + MORE_STEPS, base.minDimension() / width(k));
    BlockKrylov search = new BlockKrylov(w, width(k), most);
    double before = Double.POSITIVE_INFINITY;
    for (int step = 1; step <= most; step++) {
      Matrix next = step == 1 ? startBlock(base, k) : search.back();
      if (!search.forth(next)) {
        return Optional.empty();
      }
      if (step >= least) {
        Candidate candidate = candidate(search, w, k);
        boolean stalled = step == most || candidate.worst() > before / 2;
        if (candidate.worst() <= CONVERGED || (stalled && candidate.worst() <= CERTIFIED)) {
          return candidate.settled() ? Optional.of(candidate.seenFrom(base)) : Optional.empty();
        }
        before = candidate.worst();
      }
    }
    return Optional.empty();
  }

  /** Base vectors and random ones, (n, width). */
  private static Matrix startBlock(BaseSpectrum base, int k) {
    Matrix start = Matrix.allocate(base.cols(), width(k), Precision.SINGLE);
    int warm = warm(k);
    start.columnRange(0, warm).assign(base.vt().rowRange(0, warm).transposed());
    start
        .columnRange(warm, start.cols())
        .assign(
            Gaussian.matrix(
                new SplittableRandom(SEED),
                start.rows(),
                start.cols() - warm,
                1,
                Precision.SINGLE));
    return start;
  }

  /** The leading triplets of the projected matrix, and one more, with their true residuals. */
  private static Candidate candidate(BlockKrylov search, Matrix w, int k) {
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(search.projected());
    double[] s = Arrays.copyOf(svd.s(), k + 1);
    Matrix x = svd.u().columnRange(0, k + 1).to(Precision.SINGLE);
    Matrix y = svd.vt().rowRange(0, k + 1).transposed().to(Precision.SINGLE);
    Matrix u = search.left().times(x);
    Matrix v = search.right().times(y);
    return new Candidate(s, u, v, Residuals.of(w, u, s, v));
  }

  /** k + 1 triplets, the last of which only tells where the others end. */
  private record Candidate(double[] s, Matrix u, Matrix v, double[] residuals) {
    int k() {
      return s.length - 1;
    }

    /** The largest residual of the k triplets; not a number where there are fewer. */
    double worst() {
      double worst = 0;
      for (int j = 0; j < k(); j++) {
        worst = Math.max(worst, residuals[j]);
      }
      return worst;
    }

    /** Whether the value after the k-th is known well enough not to pass it. */
    boolean settled() {
      double error = residuals[k()];
      return error <= SETTLED || s[k()] * (1 + error) < s[k() - 1];
    }

    TunedSpectrum seenFrom(BaseSpectrum base) {
      Matrix leftVectors = u.columnRange(0, k()).copy();
      Matrix rightVectors = v.columnRange(0, k()).copy();
      double[] values = Arrays.copyOf(s, k());
      double error =
          Rotation.error(
              TunedSpectrum.absolute(residuals, values),
              values[k() - 1],
              s[k()] * (1 + residuals[k()]));
      return new TunedSpectrum(
          values,
          TunedSpectrum.coordinates(base, leftVectors, rightVectors),
          Arrays.copyOf(residuals, k()),
          NAME,
          Precision.DOUBLE.noiseFloor(s[0], Math.max(base.rows(), base.cols())),
          TunedSpectrum.rotations(base, leftVectors, rightVectors, error));
    }
  }
}
