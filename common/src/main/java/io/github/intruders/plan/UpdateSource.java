package io.github.intruders.plan;

import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.MatrixSource;
import java.io.Serializable;
import java.util.List;

/** Where the difference between a tuned matrix and its base comes from. */
public sealed interface UpdateSource extends Serializable {
  /** Low-rank updates to add, in the order they were trained; may be empty for a full one. */
  List<LowRankSource> adapters();

  /** A whole tuned matrix, with adapters on top of it if there are any. */
  record Full(MatrixSource tuned, List<LowRankSource> adapters) implements UpdateSource {
    public Full {
      adapters = List.copyOf(adapters);
    }
  }

  /** The base plus a chain of adapters, at least one. */
  record LowRank(List<LowRankSource> adapters) implements UpdateSource {
    public LowRank {
      adapters = List.copyOf(adapters);
    }
  }
}
