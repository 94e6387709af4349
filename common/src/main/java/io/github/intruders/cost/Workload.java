package io.github.intruders.cost;

import java.io.Serializable;

/**
 * What is to be done with one base matrix, over some checkpoints.
 *
 * @param adapters checkpoints that are solved in the base's coordinates
 * @param columns Σ R of these, the columns of all their factors
 * @param squares Σ R² of these
 * @param widest the largest R of these
 * @param whole checkpoints of which the whole tuned matrix is formed
 * @param updateBytes bytes of the tensors that are read besides the base's
 */
public record Workload(
    long adapters, long columns, double squares, long widest, long whole, long updateBytes)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Nothing. */
  public static final Workload NONE = new Workload(0, 0, 0, 0, 0, 0);

  /** Both. */
  public Workload plus(Workload other) {
    return new Workload(
        adapters + other.adapters,
        columns + other.columns,
        squares + other.squares,
        Math.max(widest, other.widest),
        whole + other.whole,
        updateBytes + other.updateBytes);
  }

  /** The same over another number of checkpoints, each as these are on average. */
  public Workload average(long count) {
    double share = count / (double) checkpoints();
    return new Workload(
        Math.round(share * adapters),
        Math.round(share * columns),
        share * squares,
        widest,
        count - Math.round(share * adapters),
        Math.round(share * updateBytes));
  }

  /** How many checkpoints there are. */
  public long checkpoints() {
    return adapters + whole;
  }
}
