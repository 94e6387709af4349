package io.github.intruders.jobs.results;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.Partitioner;

/** Each checkpoint in one partition, and every partition with as many. */
final class ByCheckpoint extends Partitioner {
  private static final long serialVersionUID = 1L;

  /** So that no partition gets too large to hold. */
  private static final int CHECKPOINTS_PER_PARTITION = 16;

  private final Map<String, Integer> places = new HashMap<>();
  private final int partitions;

  /**
   * @param cores that are to be kept busy
   */
  ByCheckpoint(Collection<String> checkpointIds, int cores) {
    int count = Math.max(1, checkpointIds.size());
    int enough = (count + CHECKPOINTS_PER_PARTITION - 1) / CHECKPOINTS_PER_PARTITION;
    this.partitions = Math.min(count, Math.max(enough, cores));
    for (String id : checkpointIds) {
      places.put(id, places.size() % partitions);
    }
  }

  boolean knows(String checkpointId) {
    return places.containsKey(checkpointId);
  }

  @Override
  public int numPartitions() {
    return partitions;
  }

  @Override
  public int getPartition(Object key) {
    return places.get(((MatrixKey) key).checkpointId());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ByCheckpoint by
        && by.partitions == partitions
        && by.places.equals(places);
  }

  @Override
  public int hashCode() {
    return places.hashCode();
  }
}
