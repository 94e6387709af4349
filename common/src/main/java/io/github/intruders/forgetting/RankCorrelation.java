package io.github.intruders.forgetting;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleConsumer;
import java.util.stream.Collectors;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.special.Erf;
import org.apache.commons.math3.stat.correlation.KendallsCorrelation;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.util.CombinatoricsUtils;

/**
 * Coefficients of rank correlation, as SciPy defines them: tied values share the mean of their
 * ranks. All p-values are two-sided.
 */
public enum RankCorrelation {
  /**
   * Spearman's rho. Its p-value {@code t} is the approximation by Student's t with n - 2 degrees of
   * freedom, as in the paper; {@code exact}, up to 8 pairs, is the share of all permutations that
   * correlate as strongly.
   */
  SPEARMAN {
    @Override
    double coefficient(double[] x, double[] y) {
      NaturalRanking ranking = new NaturalRanking();
      return Math.max(
          -1, Math.min(1, new PearsonsCorrelation().correlation(ranking.rank(x), ranking.rank(y))));
    }

    @Override
    List<PValue> pValues(double[] x, double[] y, double rho) {
      PValue t = new PValue("t", tApproximation(rho, x.length));
      return x.length > MAX_PERMUTED
          ? List.of(t)
          : List.of(t, new PValue("exact", shareOfPermutations(x, y)));
    }
  },

  /**
   * Kendall's tau-b. Its p-value {@code asymptotic} is that of the normal distribution with the
   * variance for ties (Noether 1967); {@code exact}, without ties and up to 33 pairs, counts
   * permutations by their inversions (Kendall 1970).
   */
  KENDALL {
    @Override
    double coefficient(double[] x, double[] y) {
      return Math.max(-1, Math.min(1, new KendallsCorrelation().correlation(x, y)));
    }

    @Override
    List<PValue> pValues(double[] x, double[] y, double tau) {
      PairCounts counts = PairCounts.of(x, y);
      PValue asymptotic = new PValue("asymptotic", counts.normalApproximation());
      return counts.tied() || x.length > MAX_INVERTED
          ? List.of(asymptotic)
          : List.of(asymptotic, new PValue("exact", counts.shareOfPermutations()));
    }
  };

  /** Fewest pairs that have a correlation. */
  public static final int MIN_PAIRS = 3;

  private static final int MAX_PERMUTED = 8;
  private static final int MAX_INVERTED = 33;
  private static final double ROUNDING = 1e-12;

  abstract double coefficient(double[] x, double[] y);

  abstract List<PValue> pValues(double[] x, double[] y, double coefficient);

  /** As in the tables: {@code spearman} or {@code kendall}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Correlates pairs.
   *
   * @param x first of each pair, finite
   * @param y second of each pair, finite, as many as x
   */
  public Correlation of(double[] x, double[] y) {
    return correlate(withoutNegativeZeros(x), withoutNegativeZeros(y));
  }

  /** To the library -0 is less than 0; to everyone else they tie. */
  private static double[] withoutNegativeZeros(double[] values) {
    return Arrays.stream(values).map(value -> value + 0.0).toArray();
  }

  private Correlation correlate(double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "Cannot pair %d values with %d".formatted(x.length, y.length));
    }
    if (x.length < MIN_PAIRS) {
      return Correlation.undefined(
          this, x.length, "n = %d, at least %d needed".formatted(x.length, MIN_PAIRS));
    }
    if (Bootstrap.isConstant(x)) {
      return Correlation.undefined(this, x.length, "the measure has one value throughout");
    }
    if (Bootstrap.isConstant(y)) {
      return Correlation.undefined(this, x.length, "forgetting has one value throughout");
    }
    double coefficient = coefficient(x, y);
    return new Correlation(
        this,
        x.length,
        coefficient,
        pValues(x, y, coefficient),
        Bootstrap.interval(x, y, this::coefficient),
        null);
  }

  /** The p-value {@code t} of a Spearman correlation. */
  public static double tApproximation(double rho, int n) {
    if (n < MIN_PAIRS) {
      throw new IllegalArgumentException("%d pairs have no p-value".formatted(n));
    }
    if (Math.abs(rho) >= 1) {
      return 0;
    }
    double t = Math.abs(rho) * Math.sqrt((n - 2) / ((1 - rho) * (1 + rho)));
    return 2 * new TDistribution(null, n - 2).cumulativeProbability(-t);
  }

  private static double shareOfPermutations(double[] x, double[] y) {
    double[] centredX = centredRanks(x);
    double[] centredY = centredRanks(y);
    double scale = norm(centredX) * norm(centredY);
    double threshold = (Math.abs(dot(centredX, centredY)) / scale - ROUNDING) * scale;
    long[] counts = new long[2];
    permute(
        centredX,
        centredY,
        0,
        0,
        dot -> {
          counts[0] += Math.abs(dot) >= threshold ? 1 : 0;
          counts[1]++;
        });
    return (double) counts[0] / counts[1];
  }

  /** Visits the dot products of x with every permutation of y from place {@code from} on. */
  private static void permute(
      double[] x, double[] y, int from, double sum, DoubleConsumer visitor) {
    if (from == y.length) {
      visitor.accept(sum);
      return;
    }
    for (int i = from; i < y.length; i++) {
      swap(y, from, i);
      permute(x, y, from + 1, sum + x[from] * y[from], visitor);
      swap(y, from, i);
    }
  }

  private static void swap(double[] values, int i, int j) {
    double value = values[i];
    values[i] = values[j];
    values[j] = value;
  }

  private static double[] centredRanks(double[] values) {
    double mean = (values.length + 1) / 2.0;
    return Arrays.stream(new NaturalRanking().rank(values)).map(rank -> rank - mean).toArray();
  }

  private static double norm(double[] values) {
    return Math.sqrt(dot(values, values));
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /**
   * What Kendall's test counts.
   *
   * @param n number of values
   * @param concordantMinusDiscordant pairs in the same order less those in opposite order
   * @param xTies sizes of the groups of equal x, two and more
   * @param yTies sizes of the groups of equal y, two and more
   */
  private record PairCounts(
      int n, long concordantMinusDiscordant, List<Long> xTies, List<Long> yTies) {
    static PairCounts of(double[] x, double[] y) {
      long difference = 0;
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < i; j++) {
          difference +=
              Integer.signum(Double.compare(x[i], x[j]))
                  * (long) Integer.signum(Double.compare(y[i], y[j]));
        }
      }
      return new PairCounts(x.length, difference, ties(x), ties(y));
    }

    private static List<Long> ties(double[] values) {
      return Arrays.stream(values)
          .boxed()
          .collect(Collectors.groupingBy(value -> value, Collectors.counting()))
          .values()
          .stream()
          .filter(size -> size > 1)
          .sorted()
          .toList();
    }

    boolean tied() {
      return !xTies.isEmpty() || !yTies.isEmpty();
    }

    double normalApproximation() {
      double pairs = n * (n - 1.0);
      double variance =
          (pairs * (2.0 * n + 5) - sum(xTies, 5) - sum(yTies, 5)) / 18
              + sum(xTies, 0) * sum(yTies, 0) / (2 * pairs)
              + sum(xTies, -2) * sum(yTies, -2) / (9 * pairs * (n - 2));
      return Erf.erfc(Math.abs(concordantMinusDiscordant) / Math.sqrt(2 * variance));
    }

    /** Σ t(t-1) over the ties for 0, Σ t(t-1)(t-2) for -2, Σ t(t-1)(2t+5) for 5. */
    private static double sum(List<Long> ties, int term) {
      double sum = 0;
      for (long t : ties) {
        double factor = term == 0 ? 1 : term == -2 ? t - 2 : 2 * t + 5;
        sum += t * (t - 1.0) * factor;
      }
      return sum;
    }

    /** Counts permutations by their number of inversions, one more element at a time. */
    double shareOfPermutations() {
      int pairs = n * (n - 1) / 2;
      int inversions = (int) (pairs - Math.abs(concordantMinusDiscordant)) / 2;
      double[] permutations = {1};
      for (int size = 2; size <= n; size++) {
        double[] next = new double[inversions + 1];
        for (int k = 0; k <= inversions; k++) {
          for (int moved = Math.max(0, k - permutations.length + 1);
              moved < size && moved <= k;
              moved++) {
            next[k] += permutations[k - moved];
          }
        }
        permutations = next;
      }
      double tail = Arrays.stream(permutations).sum();
      return Math.min(1, 2 * tail / CombinatoricsUtils.factorialDouble(n));
    }
  }
}
