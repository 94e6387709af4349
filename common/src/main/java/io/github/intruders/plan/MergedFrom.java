package io.github.intruders.plan;

import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.LowRankUpdate;
import java.io.Serializable;
import java.util.List;

/**
 * What a whole tuned matrix is said to have been merged from: its base and these updates, one after
 * the other.
 *
 * @param links in the order they were merged; empty where no adapter changes the matrix
 */
public record MergedFrom(List<Link> links) implements Serializable {
  public MergedFrom {
    links = List.copyOf(links);
  }

  /**
   * The update by one adapter.
   *
   * @param position of the adapter in the chain, from 1 on; adapters that don't change the matrix
   *     count too
   */
  public record Link(int position, AdapterUpdate update) implements Serializable {}

  /** Whether every update is known by its factors. */
  public boolean isLowRank() {
    return links.stream().allMatch(link -> link.update() instanceof LowRankUpdate);
  }
}
