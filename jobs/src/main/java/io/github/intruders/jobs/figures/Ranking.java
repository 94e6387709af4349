package io.github.intruders.jobs.figures;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;

/**
 * The order of expected forgetting among the analysed checkpoints of a base, by what the weights
 * say alone: the mean of a checkpoint's ranks by intruder count, intruder energy share and relative
 * norm of the update, where equal values share their mean rank. A checkpoint of which a part was
 * left out has no rank: what is missing would make it look better than it is.
 */
public final class Ranking {
  /** What the ranks go by. */
  public static final List<String> MEASURES =
      List.of("intruder_count", "intruder_energy_share", "update_relative_norm");

  private Ranking() {}

  /**
   * A checkpoint's place.
   *
   * @param place from 1, the least forgetting expected; equal for equals
   * @param meanRank that the place goes by
   */
  public record Place(int place, double meanRank) {}

  /**
   * The places by checkpoint id; what was not analysed as a whole has none.
   *
   * @param checkpoints of any bases; each base is ranked by itself
   */
  public static Map<String, Place> of(Collection<CheckpointResult> checkpoints) {
    Map<String, Place> places = new HashMap<>();
    checkpoints.stream()
        .filter(CheckpointResult::isWhole)
        .collect(Collectors.groupingBy(CheckpointResult::baseId))
        .values()
        .forEach(ofBase -> rank(ofBase, places));
    return places;
  }

  /** From the least to the most forgetting expected, base by base; what has no place comes last. */
  public static Comparator<CheckpointResult> order(Map<String, Place> places) {
    return Comparator.comparing(CheckpointResult::baseId)
        .thenComparing(
            one -> places.get(one.checkpointId()),
            Comparator.nullsLast(Comparator.comparingInt(Place::place)))
        .thenComparing(CheckpointResult::checkpointId);
  }

  private static void rank(List<CheckpointResult> checkpoints, Map<String, Place> places) {
    double[] meanRanks = new double[checkpoints.size()];
    NaturalRanking meanOfTies = new NaturalRanking(TiesStrategy.AVERAGE);
    for (String measure : MEASURES) {
      double[] ranks =
          meanOfTies.rank(
              checkpoints.stream()
                  .mapToDouble(CheckpointResult.MEASURES.get(measure)::apply)
                  .toArray());
      for (int i = 0; i < ranks.length; i++) {
        meanRanks[i] += ranks[i];
      }
    }
    for (int i = 0; i < meanRanks.length; i++) {
      meanRanks[i] /= MEASURES.size();
    }
    double[] order = new NaturalRanking(TiesStrategy.MINIMUM).rank(meanRanks);
    for (int i = 0; i < meanRanks.length; i++) {
      places.put(checkpoints.get(i).checkpointId(), new Place((int) order[i], meanRanks[i]));
    }
  }
}
