package io.github.intruders.jobs.compare;

import io.github.intruders.compare.PairFigures;
import io.github.intruders.jobs.figures.AdapterPair;
import java.io.Serializable;
import java.util.Comparator;

/** Pairs whose interference is furthest above that of random subspaces come first. */
final class MostInterfering implements Comparator<AdapterPair>, Serializable {
  private static final long serialVersionUID = 1L;

  @Override
  public int compare(AdapterPair one, AdapterPair other) {
    return Comparator.comparingDouble(MostInterfering::aboveChance)
        .reversed()
        .thenComparing(AdapterPair::checkpointA)
        .thenComparing(AdapterPair::checkpointB)
        .compare(one, other);
  }

  private static double aboveChance(AdapterPair pair) {
    PairFigures figures = pair.figures();
    return figures.interference() == null ? 0 : figures.interference() / figures.interferenceNull();
  }
}
