package io.github.intruders.spectra;

import io.github.intruders.linalg.Matrix;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * Quadrature rules of probes, for what is left of a matrix without its leading triplets.
 *
 * @param masses ‖z‖² of what is left of each probe
 * @param squares ‖D z‖² of it
 */
record ProbeRules(
    double[] masses, double[] squares, QuadratureRule[] gauss, QuadratureRule[] radau) {
  /** Squares that differ by less carry no slope. */
  private static final double FLAT = 1e-12;

  /** A difference of sums of squares has to be so many times larger than its rounding. */
  private static final double RESOLVED = 100;

  /**
   * Runs Golub and Kahan's process from all probes side by side.
   *
   * @param d the matrix within the search spaces, (size, size), relative to the largest value
   * @param probes (size, count), in the right space; overwritten
   */
  static ProbeRules of(Matrix d, LeadingTriplets leading, Matrix probes, int steps) {
    int count = probes.cols();
    double[][] alpha = new double[steps][];
    double[][] beta = new double[steps][];
    Matrix right = probes;
    leading.removeRight(right);
    leading.removeRight(right);
    double[] masses = normalise(right);
    Matrix left = null;
    for (int step = 0; step < steps; step++) {
      Matrix image = d.times(right);
      if (left != null) {
        image.plusInPlace(-1, left.scaleColumnsInPlace(beta[step - 1]));
      }
      leading.removeLeft(image);
      alpha[step] = normalise(image);
      left = image;
      Matrix next = d.t().times(left).plusInPlace(-1, right.scaleColumnsInPlace(alpha[step]));
      leading.removeRight(next);
      beta[step] = normalise(next);
      right = next;
    }
    double[] squares = new double[count];
    QuadratureRule[] gauss = new QuadratureRule[count];
    QuadratureRule[] radau = new QuadratureRule[count];
    for (int i = 0; i < count; i++) {
      int probe = i;
      double[] diagonal = Arrays.stream(alpha).mapToDouble(values -> values[probe]).toArray();
      double[] above = Arrays.stream(beta).mapToDouble(values -> values[probe]).toArray();
      masses[i] *= masses[i];
      squares[i] = masses[i] * diagonal[0] * diagonal[0];
      gauss[i] = QuadratureRule.gauss(masses[i], diagonal, above);
      radau[i] = QuadratureRule.radau(masses[i], diagonal, above);
    }
    return new ProbeRules(masses, squares, gauss, radau);
  }

  /**
   * Σ f(σ) over all singular values, by both rules.
   *
   * @param error what rounding of the sum of squares makes of it
   * @param gaussOf each probe's own part of it
   * @param radauOf the same by the other rule
   */
  record Sum(double gauss, double radau, double error, double[] gaussOf, double[] radauOf) {}

  /**
   * Σ f(σ) with control variates. The line a + b · σ² nearest to f over the nodes is taken out of
   * it, since the sum over a line is known.
   *
   * @param trace how many values are left
   * @param squareSum the sum of their squares
   * @param squareError how far rounding may have moved that; where it is most of it, the line is
   *     flat
   */
  Sum sum(
      DoubleUnaryOperator f,
      LeadingTriplets leading,
      double trace,
      double squareSum,
      double squareError) {
    double[] line = nearestLine(f, squareSum > RESOLVED * squareError);
    double known = leading.sum(f) + line[0] * trace + line[1] * squareSum;
    double[] gaussOf = new double[masses.length];
    double[] radauOf = new double[masses.length];
    for (int i = 0; i < masses.length; i++) {
      double onLine = line[0] * masses[i] + line[1] * squares[i];
      gaussOf[i] = gauss[i].sum(f) - onLine;
      radauOf[i] = radau[i].sum(f) - onLine;
    }
    return new Sum(
        known + mean(gaussOf),
        known + mean(radauOf),
        Math.abs(line[1]) * squareError,
        gaussOf,
        radauOf);
  }

  /** Least squares over all nodes with their weights: {a, b} of a + b · σ². */
  private double[] nearestLine(DoubleUnaryOperator f, boolean sloping) {
    double weights = 0;
    double x = 0;
    double y = 0;
    for (QuadratureRule rule : gauss) {
      weights += rule.sum(node -> 1);
      x += rule.sum(node -> node * node);
      y += rule.sum(f);
    }
    if (weights == 0) {
      return new double[] {0, 0};
    }
    double meanX = x / weights;
    double meanY = y / weights;
    double xx = 0;
    double xy = 0;
    for (QuadratureRule rule : gauss) {
      xx += rule.sum(node -> square(node * node - meanX));
      xy += rule.sum(node -> (node * node - meanX) * (f.applyAsDouble(node) - meanY));
    }
    double slope = sloping && xx > FLAT * weights * meanX * meanX ? xy / xx : 0;
    return new double[] {meanY - slope * meanX, slope};
  }

  private static double square(double value) {
    return value * value;
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }

  /** Scales columns to length 1, those of zeros apart, and returns how long they were. */
  private static double[] normalise(Matrix vectors) {
    double[] norms = vectors.columnNorms();
    vectors.scaleColumnsInPlace(
        Arrays.stream(norms).map(norm -> norm > 0 ? 1 / norm : 0).toArray());
    return norms;
  }
}
