package io.github.intruders.forgetting;

import java.util.Arrays;

/**
 * Least squares by Gaussian elimination in a correlation matrix, whose last column is the response.
 * Taking predictors out one after the other leaves, at every step, what they do not explain: the
 * last diagonal entry is then 1 − R² of the regression on all that were taken out, and a
 * predictor's entry in the last column gives its partial correlation with the response (Schur
 * complements; see Beaton 1964). One pass serves a whole ladder of nested regressions, which
 * matters where each is repeated over thousands of resamples.
 */
final class Elimination {
  /** A predictor of which less than this part is left is determined by those taken out. */
  static final double DETERMINED = 1e-10;

  private final double[][] left;
  private final int response;

  private Elimination(double[][] left) {
    this.left = left;
    this.response = left.length - 1;
  }

  /**
   * The correlations of columns.
   *
   * @param columns predictors, then the response; all of one length. A constant one correlates with
   *     nothing, not even itself
   * @return symmetric
   */
  static double[][] correlations(double[][] columns) {
    double[][] centred = new double[columns.length][];
    for (int i = 0; i < columns.length; i++) {
      centred[i] = unit(columns[i]);
    }
    double[][] correlations = new double[columns.length][columns.length];
    for (int i = 0; i < columns.length; i++) {
      for (int j = 0; j <= i; j++) {
        double dot = 0;
        for (int row = 0; row < centred[i].length; row++) {
          dot += centred[i][row] * centred[j][row];
        }
        correlations[i][j] = dot;
        correlations[j][i] = dot;
      }
    }
    return correlations;
  }

  /** Centred, of length 1; zeros for a constant column. */
  private static double[] unit(double[] column) {
    double[] centred = new double[column.length];
    if (Bootstrap.isConstant(column)) {
      return centred;
    }
    double mean = Arrays.stream(column).sum() / column.length;
    double squares = 0;
    for (int i = 0; i < column.length; i++) {
      centred[i] = column[i] - mean;
      squares += centred[i] * centred[i];
    }
    double norm = Math.sqrt(squares);
    for (int i = 0; i < column.length; i++) {
      centred[i] /= norm;
    }
    return centred;
  }

  /**
   * Begins with nothing taken out.
   *
   * @param correlations of more columns than are needed; not changed
   * @param predictors those that are, by their place among the columns
   */
  static Elimination of(double[][] correlations, int[] predictors) {
    int[] columns = Arrays.copyOf(predictors, predictors.length + 1);
    columns[predictors.length] = correlations.length - 1;
    double[][] part = new double[columns.length][columns.length];
    for (int i = 0; i < columns.length; i++) {
      for (int j = 0; j < columns.length; j++) {
        part[i][j] = correlations[columns[i]][columns[j]];
      }
    }
    return new Elimination(part);
  }

  /** Whether a predictor is constant or determined by those taken out. */
  boolean isDetermined(int predictor) {
    return left[predictor][predictor] < DETERMINED;
  }

  /** The part of the response's variance that those taken out explain, from 0 to 1. */
  double explained() {
    return Math.max(0, Math.min(1, 1 - left[response][response]));
  }

  /**
   * The correlation of a predictor with the response, given those taken out; NaN where either of
   * them is determined.
   */
  double partial(int predictor) {
    double scale = left[predictor][predictor] * left[response][response];
    return isDetermined(predictor) || left[response][response] < DETERMINED
        ? Double.NaN
        : Math.max(-1, Math.min(1, left[predictor][response] / Math.sqrt(scale)));
  }

  /** Takes out a predictor that is not determined. */
  void takeOut(int predictor) {
    double[] pivot = left[predictor].clone();
    for (int i = 0; i < left.length; i++) {
      double factor = left[i][predictor] / pivot[predictor];
      for (int j = 0; j < left.length; j++) {
        left[i][j] -= factor * pivot[j];
      }
    }
  }
}
