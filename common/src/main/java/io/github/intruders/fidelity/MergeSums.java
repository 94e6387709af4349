package io.github.intruders.fidelity;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;

/** Sums over the entries of a merged matrix, row by row. */
final class MergeSums {
  final DType precision;

  /** ⟨Pᵢ, Pⱼ⟩. */
  final double[][] gram;

  /** ⟨W − (W0 + P), Pᵢ⟩. */
  final double[] residualOn;

  /** ⟨rounding of W0 + P, Pᵢ⟩. */
  final double[] roundingOn;

  double entries;
  double base;
  double tuned;
  double baseOnTuned;
  double update;
  double residual;
  double rounding;
  double absolute;
  double baseOnAbsolute;
  double lost;
  double lostPredicted;

  /**
   * @param precision what the tuned entries are rounded to
   */
  MergeSums(int links, DType precision) {
    this.precision = precision;
    this.gram = new double[links][links];
    this.residualOn = new double[links];
    this.roundingOn = new double[links];
  }

  /**
   * Adds a row.
   *
   * @param updates the row of each Pᵢ
   */
  void add(double[] w0, double[] w, double[][] updates) {
    entries += w.length;
    for (int j = 0; j < w.length; j++) {
      double p = 0;
      double magnitude = 0;
      for (double[] row : updates) {
        p += row[j];
        magnitude += Math.abs(row[j]);
      }
      double expected = w0[j] + p;
      double merged = rounded(expected);
      double start = rounded(w0[j]);
      double off = w[j] - expected;
      for (int i = 0; i < updates.length; i++) {
        residualOn[i] += off * updates[i][j];
        roundingOn[i] += (merged - expected) * updates[i][j];
        for (int k = 0; k <= i; k++) {
          gram[i][k] += updates[i][j] * updates[k][j];
        }
      }
      base += w0[j] * w0[j];
      tuned += w[j] * w[j];
      baseOnTuned += w0[j] * w[j];
      update += p * p;
      residual += off * off;
      rounding += (merged - expected) * (merged - expected);
      absolute += magnitude * magnitude;
      baseOnAbsolute += Math.abs(w0[j]) * magnitude;
      lost += w[j] == start ? p * p : 0;
      lostPredicted += merged == start ? p * p : 0;
    }
  }

  private double rounded(double value) {
    double rounded = ElementEncoder.round(value, precision);
    return Double.isFinite(rounded) ? rounded : value;
  }
}
