package io.github.intruders.krylov;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The bound on atoms against measures whose atoms are known. */
class AtomBoundTest {
  private static final double ROUNDING = 1e-9;

  /**
   * Measures of many kinds: single large atoms in a sea of small ones, equal distances, values that
   * crowd at an end, a few atoms alone.
   */
  @Property(tries = 300)
  void noAtomLiesAboveTheBound(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 60) int atoms,
      @ForAll @IntRange(min = 1, max = 24) int steps) {
    SplittableRandom random = new SplittableRandom(seed);
    double crowding = 0.5 + 3 * random.nextDouble();
    double[] sigma = new double[atoms];
    double[] x = new double[atoms];
    for (int i = 0; i < atoms; i++) {
      sigma[i] = Math.pow(random.nextDouble(), crowding);
      x[i] = random.nextGaussian() * (random.nextInt(8) == 0 ? 10 : 1);
    }
    double norm = norm(x);

    AtomBound bound = bound(sigma, x, steps);

    double largest = 0;
    for (int i = 0; i < atoms; i++) {
      double at = bound.over(sigma[i] * sigma[i], sigma[i] * sigma[i]);
      assertThat(at).isGreaterThanOrEqualTo(Math.abs(x[i]) - ROUNDING * norm);
      largest = Math.max(largest, Math.abs(x[i]));
    }
    for (int i = 0; i < atoms; i++) { // to either side, with and without nodes there
      double value = sigma[i] * sigma[i];
      for (int j = 0; j < atoms; j++) {
        double side = sigma[j] < sigma[i] ? bound.over(0, value) : bound.over(value, 100);
        assertThat(side).isGreaterThanOrEqualTo(Math.abs(x[j]) - ROUNDING * norm);
      }
    }
    double supremum = Supremum.of(bound::over, 0, 1, 1e-4 * norm, 0);
    assertThat(supremum).isGreaterThanOrEqualTo(largest - ROUNDING * norm);
    for (int i = 0; i < 200; i++) { // over an interval it holds at every point within
      double from = random.nextDouble();
      double to = from + 0.1 * random.nextDouble();
      double inside = from + (to - from) * random.nextDouble();
      assertThat(supremum).isGreaterThanOrEqualTo(bound.over(inside, inside) - 2e-4 * norm);
      for (int j = 0; j < atoms; j++) {
        double value = sigma[j] * sigma[j];
        if (value >= from && value <= to) {
          assertThat(bound.over(from, to)).isGreaterThanOrEqualTo(Math.abs(x[j]) - ROUNDING * norm);
        }
      }
    }
  }

  /** As many steps as there are atoms tell all: the bound is the atom itself, and 0 elsewhere. */
  @Test
  void enoughStepsFindEveryAtom() {
    double[] sigma = {1, 0.8, 0.55, 0.3};
    double[] x = {0.1, 0.7, 0.2, 0.5};

    AtomBound bound = bound(sigma, x, 4);

    for (int i = 0; i < x.length; i++) {
      double at = sigma[i] * sigma[i];
      assertThat(bound.over(at, at)).isCloseTo(x[i], within(1e-4));
    }
    assertThat(bound.over(0.45, 0.45)).isLessThan(1e-4);
  }

  /**
   * Outside the nodes the bound falls with the distance, so that one value bounds all beyond it.
   */
  @Test
  void beyondTheNodesNoIntervalIsTooLong() {
    AtomBound bound =
        bound(new double[] {1, 0.9, 0.8, 0.6, 0.5, 0.4}, new double[] {1, 2, 1, 2, 1, 1}, 4);

    assertThat(bound.over(2, 1e9)).isLessThan(0.2).isGreaterThanOrEqualTo(bound.over(2.5, 1e9));
    assertThat(bound.over(2, 1e9)).isLessThan(1.5 * bound.over(2, 2));
    assertThat(bound.over(0, 0.05)).isLessThan(1.5 * bound.over(0.05, 0.05));
  }

  /** What rounding may have done counts against the bound. */
  @Test
  void errorsOfTheRecurrenceWidenIt() {
    double[] sigma = {1, 0.9, 0.7, 0.4, 0.2, 0.1};
    double[] x = {0.1, 0.3, 0.2, 0.1, 0.4, 0.2};

    double exact = bound(sigma, x, 3).over(0.5, 0.5);
    double rounded = bound(sigma, x, 3, 1e-2).over(0.5, 0.5);

    assertThat(rounded).isGreaterThan(exact + 1e-3);
  }

  private static AtomBound bound(double[] sigma, double[] x, int steps) {
    return bound(sigma, x, steps, 1e-13);
  }

  /** Golub and Kahan's bidiagonalisation of a diagonal matrix, with full orthogonalisation. */
  private static AtomBound bound(double[] sigma, double[] x, int steps, double error) {
    int n = sigma.length;
    double[][] q = new double[steps + 1][];
    double[][] v = new double[steps][];
    double[] alpha = new double[steps];
    double[] beta = new double[steps];
    q[0] = scaled(x.clone(), 1 / norm(x));
    int taken = 0;
    for (int k = 0; k < steps; k++) {
      double[] y = new double[n];
      for (int i = 0; i < n; i++) {
        y[i] = sigma[i] * q[k][i];
      }
      alpha[k] = orthogonalise(y, v, k);
      v[k] = y;
      double[] z = new double[n];
      for (int i = 0; i < n; i++) {
        z[i] = sigma[i] * v[k][i];
      }
      beta[k] = orthogonalise(z, q, k + 1);
      q[k + 1] = z;
      taken = k + 1;
      if (Math.min(alpha[k], beta[k]) < 1e-13) {
        break;
      }
    }
    return new AtomBound(
        norm(x), Arrays.copyOf(alpha, taken), Arrays.copyOf(beta, taken), 1 + 1e-12, error, error);
  }

  private static double orthogonalise(double[] vector, double[][] basis, int count) {
    for (int pass = 0; pass < 2; pass++) {
      for (int b = 0; b < count; b++) {
        double product = 0;
        for (int i = 0; i < vector.length; i++) {
          product += basis[b][i] * vector[i];
        }
        for (int i = 0; i < vector.length; i++) {
          vector[i] -= product * basis[b][i];
        }
      }
    }
    double norm = norm(vector);
    scaled(vector, norm > 0 ? 1 / norm : 0);
    return norm;
  }

  private static double[] scaled(double[] x, double factor) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= factor;
    }
    return x;
  }

  private static double norm(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += value * value;
    }
    return Math.sqrt(sum);
  }
}
