package io.github.intruders.plan;

import java.io.Serializable;

/**
 * One piece of work: one matrix of one checkpoint.
 *
 * @param checkpointId whose
 * @param base which matrix of the base
 * @param update how the tuned matrix differs
 * @param inputs hash that names every file the result depends on: place, length and time of change
 */
public record MatrixPlan(String checkpointId, BaseMatrix base, UpdateSource update, String inputs)
    implements Serializable {

  /** Bytes of the tensors that are read besides the base's. */
  public long updateBytes() {
    long bytes = 0;
    for (var adapter : update.adapters()) {
      for (var source : adapter.sources()) {
        bytes += source.lengthBytes();
      }
    }
    if (update instanceof UpdateSource.Full full) {
      bytes += full.tuned().lengthBytes();
    }
    return bytes;
  }
}
