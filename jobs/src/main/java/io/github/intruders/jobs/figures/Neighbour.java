package io.github.intruders.jobs.figures;

import java.io.Serializable;

/**
 * A checkpoint near another one.
 *
 * @param place from 1, the nearest first
 * @param pair the two of them
 */
public record Neighbour(String checkpointId, int place, AdapterPair pair) implements Serializable {
  /** The other checkpoint of the pair. */
  public String neighbour() {
    return pair.checkpointA().equals(checkpointId) ? pair.checkpointB() : pair.checkpointA();
  }
}
