package io.github.intruders.scan;

/** Which routes may decompose a tuned matrix. */
public enum SolverChoice {
  /** The fastest route whose certificate holds, the dense one otherwise. */
  AUTO,
  /** Dense decompositions only: the published algorithm. */
  EXACT
}
