package io.github.intruders.compare;

import java.io.Serializable;

/**
 * The size of a checkpoint's update of one matrix.
 *
 * @param state whether there is one
 * @param norm ‖ΔW‖_F
 * @param leadingNorm of what its triplets hold
 * @param nuclearNorm Σ s of its triplets
 */
public record UpdateSize(State state, double norm, double leadingNorm, double nuclearNorm)
    implements Serializable {
  /** The checkpoint leaves the matrix as it is. */
  public static final UpdateSize NONE = new UpdateSize(State.NONE, 0, 0, 0);

  /** What the checkpoint does to the matrix could not be read. */
  public static final UpdateSize LEFT_OUT = new UpdateSize(State.LEFT_OUT, 0, 0, 0);

  /** Whether there is an update. */
  public enum State {
    /** None is meant to be. */
    NONE,
    /** There is one. */
    KNOWN,
    /** There is one that could not be read. */
    LEFT_OUT
  }

  /** The size of an update. */
  public static UpdateSize of(UpdateTriplets update) {
    double leading = update.leadingNorm();
    return new UpdateSize(
        State.KNOWN, update.whole() ? leading : update.norm(), leading, update.nuclearNorm());
  }

  boolean isKnown() {
    return state == State.KNOWN;
  }
}
