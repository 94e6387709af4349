package io.github.intruders.cost;

/**
 * How a base matrix is taken, and why.
 *
 * @param route the way it goes
 * @param reason why
 * @param known whether the base's leading triplets are stored, and its decomposition is not
 * @param decomposedSeconds time of one core by decompositions: scanning the checkpoints, and
 *     decomposing the base where that is not stored
 * @param boundsSeconds the same by bounds; NaN where they can't be had
 * @param breakEven from how many such checkpoints on the base is worth decomposing, if it is not
 *     stored; 0 where there is no such number
 */
public record RouteChoice(
    Route route,
    Reason reason,
    boolean known,
    double decomposedSeconds,
    double boundsSeconds,
    long breakEven) {

  /** The ways that a base matrix can go. */
  public enum Route {
    /** By its decomposition, which is stored. */
    STORED,
    /** By bounds; it is decomposed only where they leave something open. */
    KRYLOV,
    /** By its decomposition, which is made and stored. */
    DECOMPOSE
  }

  /** What a choice came from. */
  public enum Reason {
    /** {@code --solver} says so. */
    ASKED,
    /** Nothing is cheaper than what is stored. */
    STORED,
    /** Bounds can't be had for this shape, type or number of vectors. */
    UNSUITED,
    /** A task has no memory for the other way. */
    MEMORY,
    /** It is the cheaper one. */
    CHEAPER
  }

  /** Whether the base goes by bounds. */
  public boolean byBounds() {
    return route == Route.KRYLOV;
  }

  /** Whether the base is decomposed on the way. */
  public boolean decomposes() {
    return route == Route.DECOMPOSE;
  }
}
