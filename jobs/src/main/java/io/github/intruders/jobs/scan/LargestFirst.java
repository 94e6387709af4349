package io.github.intruders.jobs.scan;

import io.github.intruders.jobs.cost.Schedule;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.Partitioner;

/**
 * One partition per base matrix and share of its checkpoints, numbered by what is to be done. Spark
 * starts partitions by number, so the largest piece starts first and none is left for the end.
 */
final class LargestFirst extends Partitioner {
  private static final long serialVersionUID = 1L;

  private final Map<String, Integer> shares = new HashMap<>();
  private final Map<Key, Integer> places = new HashMap<>();

  /**
   * What a partition is for.
   *
   * @param matrix name of a base matrix
   * @param share which part of its checkpoints, from 0
   */
  record Key(String matrix, int share) implements Serializable {}

  LargestFirst(Schedule schedule) {
    for (Schedule.Piece piece : schedule.pieces()) {
      shares.put(piece.matrix(), piece.shares());
      for (int share = 0; share < piece.shares(); share++) {
        places.put(new Key(piece.matrix(), share), places.size());
      }
    }
  }

  /** The partition that serves a checkpoint of a matrix; always the same one. */
  Key key(String matrix, String checkpointId) {
    return new Key(matrix, Math.floorMod(checkpointId.hashCode(), shares.get(matrix)));
  }

  @Override
  public int numPartitions() {
    return places.size();
  }

  @Override
  public int getPartition(Object key) {
    return places.get((Key) key);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LargestFirst partitioner && partitioner.places.equals(places);
  }

  @Override
  public int hashCode() {
    return places.hashCode();
  }
}
