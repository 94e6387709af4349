package io.github.intruders.scan;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.SingularValues;
import java.util.function.DoubleSupplier;

/**
 * What the stored entries of a tuned matrix say of its update.
 *
 * @param unchangedShare the share of entries that {@link #unchanged} counts; null where it is not
 *     known, or the tuned matrix is not stored
 * @param note why the share is not known of a matrix that is stored; else null
 * @param rounding what the coarser of two types of storage rounds an entry by, relatively; 0 where
 *     base and tuned are stored alike, so that rounding alone changes nothing
 */
record EntryChange(Double unchangedShare, String note, double rounding) {
  /** Of a tuned matrix that is computed, not stored. */
  static final EntryChange NONE = new EntryChange(null, null, 0);

  /** The relative change that counts as none (arXiv 2511.08567, definition 2.1). */
  static final double THRESHOLD = 1e-3;

  /**
   * Counts the entries with |w − w0| ≤ {@value #THRESHOLD} · max(|w|, |w0|). Two BF16 numbers that
   * differ, differ by more.
   *
   * @param w0 (m, n)
   * @param w (m, n)
   */
  static long unchanged(Matrix w0, Matrix w) {
    long unchanged = 0;
    for (int i = 0; i < w.rows(); i++) {
      double[] before = w0.row(i);
      double[] after = w.row(i);
      int same = 0;
      for (int j = 0; j < after.length; j++) {
        double larger = Math.max(Math.abs(before[j]), Math.abs(after[j]));
        same += Math.abs(after[j] - before[j]) <= THRESHOLD * larger ? 1 : 0;
      }
      unchanged += same;
    }
    return unchanged;
  }

  /**
   * What a plan's tuned matrix says.
   *
   * @param count of unchanged entries, asked for only where it tells something
   */
  static EntryChange of(MatrixPlan plan, DoubleSupplier count) {
    if (!(plan.update() instanceof UpdateSource.Full full) || !full.adapters().isEmpty()) {
      return NONE;
    }
    MatrixSource base = plan.base().source();
    DType from = base.dtype();
    DType to = full.tuned().dtype();
    boolean scaled = base.scale() != null || full.tuned().scale() != null;
    double rounding = from == to && !scaled ? 0 : Math.max(from.unitRoundoff(), to.unitRoundoff());
    if (scaled || rounding > DType.F32.unitRoundoff()) {
      return new EntryChange(
          null,
          "rounding from %s%s to %s%s changes entries by itself"
              .formatted(
                  from,
                  base.scale() == null ? "" : " with scales",
                  to,
                  full.tuned().scale() == null ? "" : " with scales"),
          rounding);
    }
    double entries = (double) base.rows() * base.cols();
    return entries == 0 ? NONE : new EntryChange(count.getAsDouble() / entries, null, rounding);
  }

  /** About the spectral norm of what rounding to another type adds to the base. */
  double noise(SingularValues base) {
    return rounding
        * base.frobeniusNorm()
        * (1 / Math.sqrt(base.rows()) + 1 / Math.sqrt(base.cols()));
  }
}
