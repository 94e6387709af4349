package io.github.intruders.spectra;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.BlockKrylov;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * The effective rank exp(ln S − L / S) of an update D, where S = Σσ and L = Σ σ ln σ, without its
 * singular values: by stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017), deflated. Singular
 * values are taken relative to the largest; p is the smaller side of D.
 *
 * <p>Vectors of random signs, the probes z, and as many Gaussian vectors go through D side by side,
 * as one block Krylov method. All else happens in its search spaces, which are small:
 *
 * <ul>
 *   <li>The leading triplets come from the Krylov space of the Gaussian vectors alone, see {@link
 *       LeadingTriplets}. So they don't depend on the probes, which are to estimate what is left.
 *   <li>Golub and Kahan's process on what is left, from every probe, gives two rules for zᵀ f(D) z.
 *       The even derivatives of √x are negative on (0, 1] and the odd ones positive, and from the
 *       second on those of √x ln x have the opposite signs. So of the rules of Gauss and of Gauss
 *       and Radau one gives too much and one too little.
 *   <li>The traces of 1 and of DᵀD are known. They are control variates: only that part of f adds
 *       to the probes' spread which is not a + b · x, see {@link ProbeRules}.
 * </ul>
 *
 * <p>The bounds are those of the rules, widened by Student's t for a chance of {@value #MISSED}
 * that the probes mislead, by what the leading triplets' residuals allow, and by rounding. The
 * method goes on, with more triplets and better rules, until they are narrow.
 */
public final class RankQuadrature {
  /** Half the bounds' width, relative to the value, at which the method is done. */
  private static final double NARROW = 0.03;

  private static final double MISSED = 0.001;
  private static final int LEAST_STEPS = 2;
  private static final int FIRST_STEPS = 10;
  private static final int MORE_STEPS = 4;
  private static final int MOST_STEPS = 26;

  /** Vectors of each kind. */
  private static final int PROBES = 16;

  /** The same of matrices so small that they would fill the whole space. */
  private static final int FEW_PROBES = 8;

  private static final int SMALL = 512;

  /** Updates outside these bounds could leave single precision's range on the way. */
  private static final double SMALLEST_NORM = 1e-12;

  private static final double LARGEST_NORM = 1e12;

  /** Where the middle between both rules lies for values that reach down to zero evenly. */
  private static final double GAUSS_SHARE = 2.0 / 3;

  private final LinearOperator d;
  private final int p;
  private final double norm;
  private final int probes;
  private final double deviations;
  private final Matrix start;

  private RankQuadrature(LinearOperator update, double norm, long seed) {
    this.norm = norm;
    d = update.rows() >= update.cols() ? update : update.t();
    p = d.cols();
    probes = p < SMALL ? FEW_PROBES : PROBES;
    deviations = new TDistribution(null, probes - 1).inverseCumulativeProbability(1 - MISSED / 2);
    start = Matrix.allocate(p, 2 * probes, Precision.SINGLE);
    SplittableRandom random = new SplittableRandom(seed);
    double[] row = new double[start.cols()];
    for (int i = 0; i < p; i++) {
      for (int j = 0; j < probes; j++) {
        row[j] = random.nextBoolean() ? 1 : -1;
        row[probes + j] = random.nextGaussian();
      }
      start.setRow(i, row);
    }
  }

  /**
   * Whether the estimate is cheaper than all singular values, by the operations of both: products
   * with D, the orthogonalisation of the search spaces, and what no size changes, against a Gram
   * matrix and its eigenvalues, in wide products of single precision. In square matrices that is so
   * from about 1050 on.
   */
  public static boolean pays(int rows, int cols) {
    double q = Math.max(rows, cols);
    double p = Math.min(rows, cols);
    return p >= SMALL && 1.3 * flops(rows, cols) < 1.6 * q * p * p + 4.1 * p * p * p;
  }

  /** Operations of an estimate whose bounds are narrow after 12 steps, and the work of no size. */
  public static double flops(int rows, int cols) {
    double steps = 12;
    double width = 2 * PROBES;
    double products = 4 * width * steps * rows * cols;
    double orthogonalisation = 4 * width * width * steps * steps * ((double) rows + cols);
    return products + orthogonalisation + 2e9;
  }

  /** The most vectors of a search space. */
  public static int mostVectors() {
    return 2 * PROBES * MOST_STEPS;
  }

  /**
   * Estimates the figures of an update.
   *
   * @param update (m, n); stays as it is
   * @param identity names the matrix: the same name draws the same random numbers
   * @return nothing where the bounds stay wide or single precision does not hold the numbers
   */
  static Optional<UpdateStatistics> of(Matrix update, String identity) {
    return within(NARROW, update, seed(identity)).filter(Estimate::isNarrow).map(Estimate::figures);
  }

  /**
   * The same of an update that is not in this process. Bounds that stay wide are told as they are.
   *
   * @param update (m, n), in single precision
   * @param norm its Frobenius norm
   * @return nothing where single precision does not hold the numbers, or the matrix is too small
   */
  static Optional<UpdateStatistics> of(LinearOperator update, double norm, String identity) {
    return within(NARROW, update, norm, seed(identity)).map(Estimate::figures);
  }

  private static long seed(String identity) {
    byte[] name = identity.getBytes(StandardCharsets.UTF_8);
    return UUID.nameUUIDFromBytes(name).getMostSignificantBits();
  }

  /**
   * The same until the bounds are as narrow as is asked for, or no more steps are left.
   *
   * @param halfWidth relative to the value
   */
  static Optional<Estimate> within(double halfWidth, Matrix update, long seed) {
    double norm = update.frobeniusNorm();
    try (Arena arena = Arena.open()) {
      return within(halfWidth, isInRange(norm) ? update.in(Precision.SINGLE) : update, norm, seed);
    }
  }

  private static Optional<Estimate> within(
      double halfWidth, LinearOperator update, double norm, long seed) {
    if (norm == 0) {
      return Optional.of(new Estimate(UpdateStatistics.NONE, 0, 0, 0));
    }
    if (!isInRange(norm)) {
      return Optional.empty();
    }
    try (Arena arena = Arena.open()) {
      return new RankQuadrature(update, norm, seed).until(halfWidth);
    }
  }

  private static boolean isInRange(double norm) {
    return norm > SMALLEST_NORM && norm < LARGEST_NORM;
  }

  /**
   * What came out.
   *
   * @param rules how far the rules lie apart, relative to the value
   * @param spread of the probes, times Student's t
   * @param allowed for residuals and rounding
   */
  record Estimate(UpdateStatistics figures, double rules, double spread, double allowed) {
    double halfWidth() {
      return rules / 2 + spread + allowed;
    }

    /** How many more steps may do, since the rules' distance falls with the square of the steps. */
    private int stepsTo(double wanted, int steps) {
      double room = 2 * (wanted - spread - allowed);
      double more = room > 0 ? steps * (Math.sqrt(rules / room) - 1) : MORE_STEPS;
      return (int) Math.max(1, Math.min(MORE_STEPS, Math.ceil(more)));
    }

    boolean isNarrow() {
      return halfWidth() <= NARROW;
    }
  }

  private Optional<Estimate> until(double halfWidth) {
    int most = Math.min(MOST_STEPS, p / start.cols());
    if (most < LEAST_STEPS) {
      return Optional.empty();
    }
    BlockKrylov search = new BlockKrylov(d, start.cols(), most);
    Matrix next = start;
    Optional<Estimate> estimate = Optional.empty();
    int asked = FIRST_STEPS;
    for (int step = 1; step <= most; step++) {
      if (!search.forth(next)) {
        return Optional.empty();
      }
      next = search.back();
      if (step == most || step == asked) {
        try (Arena arena = Arena.open()) {
          estimate = Optional.of(estimate(search, next, step));
        }
        if (estimate.get().halfWidth() <= halfWidth) {
          return estimate;
        }
        asked = step + estimate.get().stepsTo(halfWidth, step);
      }
    }
    return estimate;
  }

  private Estimate estimate(BlockKrylov search, Matrix back, int steps) {
    Matrix projected = search.projected();
    Matrix started = Matrix.zeros(search.size(), start.cols(), Precision.DOUBLE);
    started
        .rowRange(0, start.cols())
        .assign(search.right().columnRange(0, start.cols()).t().times(start));
    LeadingTriplets leading =
        LeadingTriplets.of(
            projected,
            started.columnRange(probes, start.cols()).copy(),
            beyond(search.right(), back),
            steps);
    double largest = leading.largest();
    ProbeRules rules =
        ProbeRules.of(
            projected.scaleInPlace(1 / largest),
            leading,
            started.columnRange(0, probes).copy(),
            steps);
    double trace = p - leading.count();
    double all = norm / largest * (norm / largest);
    double squares = Math.max(0, all - leading.squares());
    double error = Precision.SINGLE.epsilon() * all;
    return new Sums(
            rules.sum(DoubleUnaryOperator.identity(), leading, trace, squares, error),
            rules.sum(RankQuadrature::timesLog, leading, trace, squares, error))
        .estimate(leading);
  }

  /** NᵀN in double precision, where N is what came back and lies beyond the right space. */
  private static Matrix beyond(Matrix right, Matrix back) {
    Matrix rest = back.copy();
    for (int i = 0; i < 2; i++) {
      rest.plusProductInPlace(-1, right, right.t().times(rest));
    }
    Matrix wide = rest.to(Precision.DOUBLE);
    return wide.t().times(wide);
  }

  /** S and L, both by their rules. */
  private final class Sums {
    private final ProbeRules.Sum s;
    private final ProbeRules.Sum l;

    Sums(ProbeRules.Sum s, ProbeRules.Sum l) {
      this.s = s;
      this.l = l;
    }

    Estimate estimate(LeadingTriplets leading) {
      double sum = middle(s.gauss(), s.radau());
      double logSum = middle(l.gauss(), l.radau());
      double[] corners = {
        lnRank(s.gauss(), l.gauss()),
        lnRank(s.gauss(), l.radau()),
        lnRank(s.radau(), l.gauss()),
        lnRank(s.radau(), l.radau())
      };
      double lowest = Arrays.stream(corners).min().orElseThrow();
      double highest = Arrays.stream(corners).max().orElseThrow();
      // What small changes of S and of L change of the rank's logarithm.
      double bySum = (1 + logSum / sum) / sum;
      double byLogSum = -1 / sum;
      double spread = deviations * standardError(bySum, byLogSum);
      double unit = Precision.SINGLE.epsilon() / 2;
      double rounding = p * unit;
      double allowed =
          leading.isSettled()
              ? Math.abs(bySum) * (leading.errorOfSum() + s.error() + rounding)
                  - byLogSum * (leading.errorOfLogSum() + l.error() - rounding * Math.log(unit))
              : Double.POSITIVE_INFINITY;
      double value = Math.exp(lnRank(sum, logSum));
      return new Estimate(
          new UpdateStatistics(
              null,
              norm,
              leading.largest(),
              value,
              Math.max(1, Math.exp(lowest - spread - allowed)),
              Math.min(p, Math.exp(highest + spread + allowed))),
          highest - lowest,
          spread,
          allowed);
    }

    /** Of the rank's logarithm, by the probes' own values of it. */
    private double standardError(double bySum, double byLogSum) {
      double mean = 0;
      double[] values = new double[probes];
      for (int i = 0; i < probes; i++) {
        values[i] =
            bySum * middle(s.gaussOf()[i], s.radauOf()[i])
                + byLogSum * middle(l.gaussOf()[i], l.radauOf()[i]);
        mean += values[i] / probes;
      }
      double squares = 0;
      for (double value : values) {
        squares += (value - mean) * (value - mean);
      }
      return Math.sqrt(squares / (probes - 1) / probes);
    }
  }

  private static double middle(double gauss, double radau) {
    return GAUSS_SHARE * gauss + (1 - GAUSS_SHARE) * radau;
  }

  private static double lnRank(double sum, double logSum) {
    return Math.log(sum) - logSum / sum;
  }

  private static double timesLog(double value) {
    return value > 0 ? value * Math.log(value) : 0;
  }
}
