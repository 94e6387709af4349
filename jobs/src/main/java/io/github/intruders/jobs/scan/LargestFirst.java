package io.github.intruders.jobs.scan;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.Partitioner;

/**
 * One partition per base matrix, numbered in the order given. Spark starts partitions by number, so
 * the largest matrix starts first and none is left for the end.
 */
final class LargestFirst extends Partitioner {
  private static final long serialVersionUID = 1L;

  private final Map<String, Integer> places = new HashMap<>();

  LargestFirst(List<String> order) {
    for (String matrix : order) {
      places.put(matrix, places.size());
    }
  }

  @Override
  public int numPartitions() {
    return places.size();
  }

  @Override
  public int getPartition(Object matrix) {
    return places.get(matrix);
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
