package io.github.intruders.jobs.results;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.Partitioner;

/** Each checkpoint in one partition, and every partition with as many. */
final class ByCheckpoint extends Partitioner {
  private static final long serialVersionUID = 1L;

  /** So that no partition gets too large to hold. */
  private static final int ENTRIES_PER_PARTITION = 4096;

  /** The same where it is not known how many entries there are. */
  private static final int CHECKPOINTS_PER_PARTITION = 16;

  private final Map<String, Integer> places = new HashMap<>();
  private final int partitions;

  private ByCheckpoint(Collection<String> checkpointIds, long partitions) {
    this.partitions = (int) Math.min(Math.max(1, checkpointIds.size()), partitions);
    for (String id : checkpointIds) {
      places.put(id, places.size() % this.partitions);
    }
  }

  /**
   * @param entries how many all checkpoints have together
   * @param cores that are to be kept busy
   */
  static ByCheckpoint ofEntries(Collection<String> checkpointIds, long entries, int cores) {
    return new ByCheckpoint(checkpointIds, Math.max(cores, 1 + entries / ENTRIES_PER_PARTITION));
  }

  /**
   * @param cores that are to be kept busy
   */
  static ByCheckpoint ofCheckpoints(Collection<String> checkpointIds, int cores) {
    return new ByCheckpoint(
        checkpointIds, Math.max(cores, 1 + checkpointIds.size() / CHECKPOINTS_PER_PARTITION));
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
