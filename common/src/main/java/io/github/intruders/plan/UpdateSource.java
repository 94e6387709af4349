package io.github.intruders.plan;

import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.BaseDependent;
import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.adapter.OnBase;
import io.github.intruders.checkpoint.MatrixSource;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** Where the difference between a tuned matrix and its base comes from. */
public sealed interface UpdateSource extends Serializable {
  /** Updates by adapters, in the order they were trained; may be empty for a full one. */
  List<AdapterUpdate> adapters();

  /** A whole tuned matrix, with adapters on top of it if there are any. */
  record Full(MatrixSource tuned, List<AdapterUpdate> adapters) implements UpdateSource {
    public Full {
      adapters = List.copyOf(adapters);
    }
  }

  /** The base plus a chain of low-rank updates, at least one. */
  record LowRank(List<LowRankUpdate> chain) implements UpdateSource {
    public LowRank {
      chain = List.copyOf(chain);
    }

    @Override
    public List<AdapterUpdate> adapters() {
      return List.copyOf(chain);
    }

    /** The number of columns of all factors side by side. */
    public int rank() {
      return chain.stream().mapToInt(LowRankUpdate::rank).sum();
    }
  }

  /** The base under a chain of adapters of which at least one needs the whole matrix. */
  record Whole(List<AdapterUpdate> adapters) implements UpdateSource {
    public Whole {
      adapters = List.copyOf(adapters);
    }
  }

  /**
   * The base under a chain of adapters, at least one.
   *
   * @param base the weight that the first of them is applied to
   */
  static UpdateSource of(List<AdapterUpdate> adapters, MatrixSource base) {
    List<LowRankUpdate> chain = new ArrayList<>();
    for (AdapterUpdate adapter : adapters) {
      if (adapter instanceof LowRankUpdate lowRank) {
        chain.add(lowRank);
      } else if (chain.isEmpty()
          && adapter instanceof BaseDependent first
          && first.factorsAreCheap()) {
        chain.add(new OnBase(first, base));
      } else {
        return new Whole(adapters);
      }
    }
    return new LowRank(chain);
  }
}
