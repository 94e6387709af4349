package io.github.intruders.jobs.figures;

import io.github.intruders.forgetting.RocArea;
import io.github.intruders.jobs.figures.CheckpointFigures.Margin;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * How well one of the critical strengths tells matrices with intruders from those without: the area
 * under the ROC curve of the margins to it, see {@link RocArea}.
 *
 * @param evaluatedAt {@code k}, {@code edge} or {@code top}, see {@code CriticalStrength}
 * @param auc 0.5 for chance; null where there are matrices of one kind only
 * @param ciLow 2.5 % quantile over resamples of whole sequences; null with few of them
 * @param ciHigh 97.5 % quantile
 * @param matrices how many have this margin
 * @param withIntruders how many of them
 * @param best whether none of the others has a larger area; false for all where they are not over
 *     the same matrices
 */
public record Separation(
    String evaluatedAt,
    Double auc,
    Double ciLow,
    Double ciHigh,
    int matrices,
    int withIntruders,
    boolean best)
    implements Serializable {
  private static final List<String> PLACES = List.of("k", "edge", "top");
  private static final List<Function<Margin, Double>> MARGINS =
      List.of(Margin::atK, Margin::atEdge, Margin::atTop);

  private record Labelled(Margin margin, List<String> cluster) {}

  /**
   * Of all three strengths.
   *
   * @param results of all checkpoints, in the order in which resamples take them; a sequence is
   *     drawn as a whole, and a checkpoint in none by itself
   */
  public static List<Separation> of(
      List<CheckpointResult> results, Collection<CheckpointFigures> figures) {
    Map<String, CheckpointFigures> byCheckpoint = new HashMap<>();
    figures.forEach(of -> byCheckpoint.put(of.checkpointId(), of));
    List<Labelled> all = new ArrayList<>();
    for (CheckpointResult result : results) {
      CheckpointFigures found = byCheckpoint.get(result.checkpointId());
      List<String> cluster =
          result.sequence() == null
              ? List.of("checkpoint", result.checkpointId())
              : List.of("sequence", result.sequence());
      if (found != null) {
        found.margins().forEach(margin -> all.add(new Labelled(margin, cluster)));
      }
    }
    List<Separation> separations = new ArrayList<>();
    for (int i = 0; i < PLACES.size(); i++) {
      separations.add(of(PLACES.get(i), all, MARGINS.get(i)));
    }
    return separations.stream().map(one -> one.among(separations)).toList();
  }

  private static Separation of(
      String place, List<Labelled> all, Function<Margin, Double> marginOf) {
    List<Labelled> known =
        all.stream().filter(one -> marginOf.apply(one.margin()) != null).toList();
    double[] numbers = new double[known.size()];
    boolean[] positive = new boolean[known.size()];
    int[] clusters = new int[known.size()];
    Map<List<String>, Integer> indexes = new HashMap<>();
    int withIntruders = 0;
    for (int i = 0; i < known.size(); i++) {
      Labelled one = known.get(i);
      numbers[i] = marginOf.apply(one.margin());
      positive[i] = one.margin().hasIntruders();
      indexes.putIfAbsent(one.cluster(), indexes.size());
      clusters[i] = indexes.get(one.cluster());
      withIntruders += positive[i] ? 1 : 0;
    }
    RocArea area = RocArea.of(numbers, positive, clusters);
    boolean spread = area != null && area.interval() != null;
    return new Separation(
        place,
        area == null ? null : (Double) area.area(),
        spread ? (Double) area.interval().low() : null,
        spread ? (Double) area.interval().high() : null,
        known.size(),
        withIntruders,
        false);
  }

  private Separation among(List<Separation> others) {
    boolean leads =
        auc != null
            && others.stream().map(Separation::auc).allMatch(Objects::nonNull)
            && others.stream().allMatch(other -> other.matrices == matrices && other.auc <= auc);
    return new Separation(evaluatedAt, auc, ciLow, ciHigh, matrices, withIntruders, leads);
  }
}
