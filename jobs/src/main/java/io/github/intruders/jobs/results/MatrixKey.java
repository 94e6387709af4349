package io.github.intruders.jobs.results;

import java.io.Serializable;
import java.util.Comparator;

/**
 * Where a piece of a matrix stands among the pieces that are brought together.
 *
 * @param order within the matrix
 */
record MatrixKey(String checkpointId, String matrix, int order)
    implements Comparable<MatrixKey>, Serializable {
  private static final Comparator<MatrixKey> ORDER =
      Comparator.comparing(MatrixKey::checkpointId)
          .thenComparing(MatrixKey::matrix)
          .thenComparingInt(MatrixKey::order);

  @Override
  public int compareTo(MatrixKey other) {
    return ORDER.compare(this, other);
  }

  boolean isOfSameMatrix(MatrixKey other) {
    return other != null && checkpointId.equals(other.checkpointId) && matrix.equals(other.matrix);
  }
}
