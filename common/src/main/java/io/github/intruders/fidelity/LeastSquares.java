package io.github.intruders.fidelity;

import io.github.intruders.linalg.LinearSystem;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How many times each update is in a merged matrix: the c that minimise ‖W − W0 − Σ cᵢ Pᵢ‖.
 *
 * @param coefficients c, one per update; all are that of the sum where the updates can't be told
 *     apart, and not a number where an update is 0
 * @param spread by how much cᵢ moves at most for each unit of noise in W
 * @param rounded by how much rounding W0 + P once moves cᵢ
 * @param remainder ‖W − W0 − Σ cᵢ Pᵢ‖
 */
record LeastSquares(double[] coefficients, double[] spread, double[] rounded, double remainder) {
  /** Beyond this, noise counts a thousand times more than for each update by itself. */
  private static final double MOST_SPREAD = 1e3;

  static LeastSquares of(MergeSums sums) {
    int links = sums.residualOn.length;
    List<Integer> active = new ArrayList<>();
    for (int i = 0; i < links; i++) {
      if (sums.gram[i][i] > 0) {
        active.add(i);
      }
    }
    double[][] inverse = inverse(sums.gram, active);
    return inverse == null ? ofSum(sums, active) : ofEach(sums, active, inverse);
  }

  private static LeastSquares ofEach(MergeSums sums, List<Integer> active, double[][] inverse) {
    int links = sums.residualOn.length;
    double[] coefficients = unknown(links);
    double[] spread = unknown(links);
    double[] rounded = unknown(links);
    double explained = 0;
    for (int i = 0; i < active.size(); i++) {
      double change = 0;
      double byRounding = 0;
      for (int k = 0; k < active.size(); k++) {
        change += inverse[i][k] * sums.residualOn[active.get(k)];
        byRounding += inverse[i][k] * sums.roundingOn[active.get(k)];
      }
      int at = active.get(i);
      coefficients[at] = 1 + change;
      spread[at] = Math.sqrt(inverse[i][i]);
      rounded[at] = byRounding;
      explained += change * sums.residualOn[at];
    }
    return new LeastSquares(
        coefficients, spread, rounded, Math.sqrt(Math.max(0, sums.residual - explained)));
  }

  /** Updates that can't be told apart count as one. */
  private static LeastSquares ofSum(MergeSums sums, List<Integer> active) {
    int links = sums.residualOn.length;
    double[] coefficients = unknown(links);
    double[] spread = unknown(links);
    double[] rounded = unknown(links);
    if (sums.update == 0) {
      return new LeastSquares(coefficients, spread, rounded, Math.sqrt(sums.residual));
    }
    double change = 0;
    double byRounding = 0;
    for (int at : active) {
      change += sums.residualOn[at] / sums.update;
      byRounding += sums.roundingOn[at] / sums.update;
    }
    for (int at : active) {
      coefficients[at] = 1 + change;
      spread[at] = 1 / Math.sqrt(sums.update);
      rounded[at] = byRounding;
    }
    double explained = change * change * sums.update;
    return new LeastSquares(
        coefficients, spread, rounded, Math.sqrt(Math.max(0, sums.residual - explained)));
  }

  private static double[] unknown(int links) {
    double[] values = new double[links];
    Arrays.fill(values, Double.NaN);
    return values;
  }

  /** The inverse of the Gram matrix of the active updates, or null where it tells nothing. */
  private static double[][] inverse(double[][] gram, List<Integer> active) {
    int n = active.size();
    double[][] inverse = new double[n][n];
    Matrix correlation = Matrix.allocate(n, n, Precision.DOUBLE);
    double[] norms = new double[n];
    for (int i = 0; i < n; i++) {
      norms[i] = Math.sqrt(gram[active.get(i)][active.get(i)]);
    }
    for (int i = 0; i < n; i++) {
      for (int k = 0; k <= i; k++) {
        double cosine = gram[active.get(i)][active.get(k)] / (norms[i] * norms[k]);
        correlation.set(i, k, cosine);
        correlation.set(k, i, cosine);
      }
    }
    for (int i = 0; i < n; i++) {
      Matrix unit = Matrix.zeros(1, n, Precision.DOUBLE);
      unit.set(0, i, 1);
      if (!LinearSystem.solveInPlace(correlation, unit)
          || !(unit.get(0, i) > 0 && unit.get(0, i) <= MOST_SPREAD * MOST_SPREAD)) {
        return null;
      }
      for (int k = 0; k < n; k++) {
        inverse[i][k] = unit.get(0, k) / (norms[i] * norms[k]);
      }
    }
    return inverse;
  }
}
