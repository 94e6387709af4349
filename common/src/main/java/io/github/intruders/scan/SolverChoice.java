package io.github.intruders.scan;

/** Which routes may find the intruders of a tuned matrix. */
public enum SolverChoice {
  /**
   * The cheapest of the others for each base matrix, by the cost model. Where one matrix is scanned
   * by itself, as STORED.
   */
  AUTO,
  /** By the base's stored decomposition, which is made where it lacks. */
  STORED,
  /** By certified bounds, without the base's decomposition; what they leave open as by AUTO. */
  KRYLOV,
  /** Dense decompositions only: the published algorithm. */
  EXACT;

  /**
   * What results depend on: routes that certify themselves give the same verdicts, so that a run
   * that is continued by another of them keeps what is finished.
   */
  public String definition() {
    return this == EXACT ? EXACT.name() : AUTO.name();
  }
}
