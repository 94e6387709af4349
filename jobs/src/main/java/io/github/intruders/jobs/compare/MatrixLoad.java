package io.github.intruders.jobs.compare;

import io.github.intruders.compare.UpdateReader;
import io.github.intruders.compare.UpdateTriplets;
import io.github.intruders.plan.MatrixPlan;
import java.io.Serializable;

/**
 * What comparing all updates of one base matrix takes.
 *
 * @param rows of the matrix
 * @param cols of the matrix
 * @param updates how many there are
 * @param ranks Σ of their ranks
 * @param maxRank the largest of them
 * @param bytes that are read for them
 * @param wholes how many of them are formed as whole matrices
 */
public record MatrixLoad(
    int rows, int cols, long updates, long ranks, int maxRank, long bytes, long wholes)
    implements Serializable {
  static MatrixLoad of(MatrixPlan plan, int leading) {
    int rank = UpdateReader.rank(plan, leading);
    boolean whole = UpdateReader.isWhole(plan);
    return new MatrixLoad(
        plan.base().source().rows(),
        plan.base().source().cols(),
        1,
        rank,
        rank,
        plan.updateBytes() + (whole ? plan.base().source().lengthBytes() : 0),
        whole ? 1 : 0);
  }

  MatrixLoad plus(MatrixLoad other) {
    return new MatrixLoad(
        rows,
        cols,
        updates + other.updates,
        ranks + other.ranks,
        Math.max(maxRank, other.maxRank),
        bytes + other.bytes,
        wholes + other.wholes);
  }

  /** Native memory of this many members' triplets and intruders at most. */
  long nativeBytes(long members, int intruders) {
    return Math.min(members, updates) * UpdateTriplets.nativeBytes(rows, cols, maxRank + intruders);
  }

  /** Multiplications and additions for all pairs: the products of the vectors above all. */
  double flops() {
    double pairs = updates * (updates - 1.0) / 2;
    double rank = (double) ranks / updates;
    return pairs * (2 * (rows + (double) cols) * rank * rank + 40 * rank * rank * rank)
        + wholes * 60.0 * rows * cols * rank;
  }
}
