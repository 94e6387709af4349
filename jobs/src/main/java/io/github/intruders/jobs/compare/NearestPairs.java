package io.github.intruders.jobs.compare;

import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.Neighbour;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The pairs of one checkpoint with those nearest to it. Not thread-safe. */
final class NearestPairs implements Serializable {
  private static final long serialVersionUID = 1L;

  /** How many are kept. */
  static final int COUNT = 10;

  /** Of pairs whose cosine is defined. */
  static final Comparator<AdapterPair> NEAREST_FIRST = new NearestFirst();

  private final List<AdapterPair> pairs = new ArrayList<>();

  /** Adds a pair whose cosine is defined. */
  NearestPairs add(AdapterPair pair) {
    pairs.add(pair);
    if (pairs.size() > 2 * COUNT) {
      cut();
    }
    return this;
  }

  NearestPairs add(NearestPairs other) {
    pairs.addAll(other.pairs);
    cut();
    return this;
  }

  private void cut() {
    pairs.sort(NEAREST_FIRST);
    while (pairs.size() > COUNT) {
      pairs.remove(pairs.size() - 1);
    }
  }

  /** The nearest first. */
  List<Neighbour> of(String checkpointId) {
    cut();
    List<Neighbour> neighbours = new ArrayList<>();
    for (AdapterPair pair : pairs) {
      neighbours.add(new Neighbour(checkpointId, neighbours.size() + 1, pair));
    }
    return neighbours;
  }

  /** Serializable, as executors sort too. */
  private static final class NearestFirst implements Comparator<AdapterPair>, Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(AdapterPair one, AdapterPair other) {
      return Comparator.comparing((AdapterPair pair) -> pair.figures().leadingCosine())
          .reversed()
          .thenComparing(AdapterPair::checkpointA)
          .thenComparing(AdapterPair::checkpointB)
          .compare(one, other);
    }
  }
}
