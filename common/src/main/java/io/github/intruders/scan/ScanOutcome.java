package io.github.intruders.scan;

import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.fidelity.MergeCheck;
import io.github.intruders.input.Rejection;
import io.github.intruders.plan.MatrixPlan;

/** What became of one piece of work. */
public sealed interface ScanOutcome {
  /** The piece of work. */
  MatrixPlan plan();

  /**
   * It was analysed.
   *
   * @param frozenInput what tells of an adapter whose A was frozen, or null
   * @param fidelity how the matrix relates to what it is said to be merged from, or null
   * @param elapsedMillis wall time, without the base's share
   */
  record Analysed(
      MatrixPlan plan,
      MatrixScan scan,
      FrozenInput frozenInput,
      Fidelity fidelity,
      long elapsedMillis)
      implements ScanOutcome {
    /** One that no task held as a whole, of which the factors were not looked at. */
    public Analysed(MatrixPlan plan, MatrixScan scan, long elapsedMillis) {
      this(plan, scan, null, MergeCheck.ofPieces(plan.mergedFrom()), elapsedMillis);
    }
  }

  /** It could not be analysed. */
  record Rejected(MatrixPlan plan, Rejection rejection) implements ScanOutcome {}
}
