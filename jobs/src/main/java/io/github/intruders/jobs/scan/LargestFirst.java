package io.github.intruders.jobs.scan;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.Partitioner;

/**
 * One partition per base matrix and share of its checkpoints, numbered in the order given. Spark
 * starts partitions by number, so the largest matrix starts first and none is left for the end.
 */
final class LargestFirst extends Partitioner {
  private static final long serialVersionUID = 1L;

  private final Map<String, Integer> places = new HashMap<>();
  private final int shares;

  /**
   * What a partition is for.
   *
   * @param matrix name of a base matrix
   * @param share which part of its checkpoints, from 0
   */
  record Key(String matrix, int share) implements Serializable {}

  /**
   * @param order the matrices' names
   * @param shares over how many partitions the checkpoints of one matrix are spread
   */
  LargestFirst(List<String> order, int shares) {
    for (String matrix : order) {
      places.put(matrix, places.size());
    }
    this.shares = shares;
  }

  /** The partition that serves a checkpoint of a matrix; always the same one. */
  Key key(String matrix, String checkpointId) {
    return new Key(matrix, Math.floorMod(checkpointId.hashCode(), shares));
  }

  /** Over how many partitions the checkpoints of one matrix are spread. */
  int shares() {
    return shares;
  }

  @Override
  public int numPartitions() {
    return places.size() * shares;
  }

  @Override
  public int getPartition(Object key) {
    Key of = (Key) key;
    return places.get(of.matrix()) * shares + of.share();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LargestFirst partitioner
        && partitioner.shares == shares
        && partitioner.places.equals(places);
  }

  @Override
  public int hashCode() {
    return 31 * places.hashCode() + shares;
  }
}
