package io.github.intruders.compare;

import java.io.Serializable;

/** Adds up a checkpoint over its matrices. Not thread-safe. */
public final class AdapterSum implements Serializable {
  private static final long serialVersionUID = 1L;

  private int matrices;
  private int leftOut;
  private double squares;
  private double leadingSquares;

  void add(UpdateSize size) {
    matrices += size.isKnown() ? 1 : 0;
    leftOut += size.state() == UpdateSize.State.LEFT_OUT ? 1 : 0;
    squares += size.norm() * size.norm();
    leadingSquares += size.leadingNorm() * size.leadingNorm();
  }

  void add(AdapterSum other) {
    matrices += other.matrices;
    leftOut += other.leftOut;
    squares += other.squares;
    leadingSquares += other.leadingSquares;
  }

  /** In how many matrices it has an update. */
  public int matrices() {
    return matrices;
  }

  /** How many could not be read. */
  public int leftOut() {
    return leftOut;
  }

  /** ‖ΔW‖ over the matrices. */
  public double norm() {
    return Math.sqrt(squares);
  }

  /** What its triplets hold of ‖ΔW‖²; null for no update. */
  public Double energyShare() {
    return squares > 0 ? (Double) (leadingSquares / squares) : null;
  }
}
