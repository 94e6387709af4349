package io.github.intruders.jobs.figures;

import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.scan.Geometry;
import java.io.Serializable;

/**
 * How the matrices of a checkpoint lie to those of its base: means of what {@link Geometry} says of
 * each, over the matrices of which it is known; null where it is known of none.
 *
 * @param leftRotation of the largest principal angles of the left side, in degrees
 * @param rightRotation of those of the right side
 * @param leftRotationMean of the mean principal angles of the left side, in degrees
 * @param rightRotationMean of those of the right side
 * @param spectralShift of the shifts of the leading singular values
 * @param unchangedShare the share of all entries together that are unchanged
 */
public record MeanGeometry(
    Double leftRotation,
    Double rightRotation,
    Double leftRotationMean,
    Double rightRotationMean,
    Double spectralShift,
    Double unchangedShare)
    implements Serializable {
  /** Of a checkpoint of which nothing is known. */
  public static final MeanGeometry UNKNOWN = new MeanGeometry(null, null, null, null, null, null);

  /** Adds up matrices, in the order they come. */
  static final class Sums {
    private final Sum leftRotation = new Sum();
    private final Sum rightRotation = new Sum();
    private final Sum leftRotationMean = new Sum();
    private final Sum rightRotationMean = new Sum();
    private final Sum spectralShift = new Sum();
    private final Sum unchangedShare = new Sum();

    void add(ScanEntry entry) {
      Geometry of = entry.geometry();
      leftRotation.add(of.leftRotation(), 1);
      rightRotation.add(of.rightRotation(), 1);
      leftRotationMean.add(of.leftRotationMean(), 1);
      rightRotationMean.add(of.rightRotationMean(), 1);
      spectralShift.add(of.spectralShift(), 1);
      unchangedShare.add(of.unchangedShare(), (double) entry.rows() * entry.cols());
    }

    MeanGeometry means() {
      return new MeanGeometry(
          leftRotation.mean(),
          rightRotation.mean(),
          leftRotationMean.mean(),
          rightRotationMean.mean(),
          spectralShift.mean(),
          unchangedShare.mean());
    }
  }

  /** A weighted mean of those values that are known. */
  private static final class Sum {
    private double total;
    private double weights;

    void add(Double value, double weight) {
      if (value != null) {
        total += weight * value;
        weights += weight;
      }
    }

    Double mean() {
      return weights > 0 ? (Double) (total / weights) : null;
    }
  }
}
