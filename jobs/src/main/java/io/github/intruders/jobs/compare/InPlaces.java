package io.github.intruders.jobs.compare;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.Partitioner;

/** One partition for each of some keys, in their order. */
final class InPlaces extends Partitioner {
  private static final long serialVersionUID = 1L;

  private final Map<Object, Integer> places = new HashMap<>();

  InPlaces(List<?> keys) {
    keys.forEach(key -> places.put(key, places.size()));
  }

  @Override
  public int numPartitions() {
    return places.size();
  }

  @Override
  public int getPartition(Object key) {
    return places.get(key);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof InPlaces partitioner && partitioner.places.equals(places);
  }

  @Override
  public int hashCode() {
    return places.hashCode();
  }
}
