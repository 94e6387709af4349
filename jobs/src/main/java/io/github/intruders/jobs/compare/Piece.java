package io.github.intruders.jobs.compare;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.plan.MatrixPlan;
import java.io.Serializable;
import java.util.List;

/** What is known beforehand of a member in one matrix. */
sealed interface Piece extends Serializable {
  int member();

  /** It has an update. */
  record Planned(int member, MatrixPlan plan) implements Piece {}

  /** It may have one, but that does not fit or could not be found. */
  record LeftOut(int member) implements Piece {}

  /**
   * A scan has found its intruders.
   *
   * @param key of the scan's entry
   * @param intruders by singular index, ascending
   */
  record Scanned(int member, String key, List<Intruder> intruders) implements Piece {}
}
