package io.github.intruders.jobs.report;

import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.ComparedAdapter;
import io.github.intruders.jobs.report.ReportInput.Comparison;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Pairs of checkpoints: a heat map of cosines with what is alike side by side, the families, the
 * copies, and the pairs that are safe to merge.
 */
final class PairPictures {
  /** Of more checkpoints, so many are drawn, evenly over the families. */
  private static final int DRAWN = 60;

  private static final int LISTED = 50;

  private static final Columns<ComparedAdapter> ADAPTERS =
      new Columns<ComparedAdapter>()
          .text("checkpoint_id", ComparedAdapter::checkpointId)
          .text("base_id", ComparedAdapter::baseId)
          .text("family", ComparedAdapter::family)
          .number("family_size", ComparedAdapter::familySize)
          .number("update_norm", ComparedAdapter::updateNorm)
          .number("energy_share", ComparedAdapter::energyShare)
          .text("nearest", ComparedAdapter::nearest)
          .number("nearest_cosine", ComparedAdapter::nearestCosine)
          .number("rejected", ComparedAdapter::rejected);

  private static final Columns<AdapterPair> PAIRS =
      new Columns<AdapterPair>()
          .text("checkpoint_a", AdapterPair::checkpointA)
          .text("checkpoint_b", AdapterPair::checkpointB)
          .number("leading_cosine", pair -> pair.figures().leadingCosine())
          .number("left_overlap", pair -> pair.figures().leftOverlap())
          .number("right_overlap", pair -> pair.figures().rightOverlap())
          .number("interference", pair -> pair.figures().interference())
          .number("interference_null", pair -> pair.figures().interferenceNull())
          .number("shared_intruders", pair -> pair.figures().sharedIntruders())
          .text(
              "duplicate",
              pair ->
                  pair.figures().duplicate() == null ? null : pair.figures().duplicate().column())
          .text(
              "safe_to_merge",
              pair -> pair.safeToMerge() == null ? null : pair.safeToMerge().toString());

  private final EmbeddedTables page;

  PairPictures(EmbeddedTables page) {
    this.page = page;
  }

  void put(Comparison comparison) {
    List<ComparedAdapter> byFamily =
        comparison.adapters().stream()
            .sorted(
                Comparator.comparing(ComparedAdapter::baseId)
                    .thenComparing(
                        one -> one.familySize() == null ? 0 : -one.familySize().intValue())
                    .thenComparing(
                        ComparedAdapter::family, Comparator.nullsLast(Comparator.naturalOrder()))
                    .thenComparing(ComparedAdapter::checkpointId))
            .toList();
    List<ComparedAdapter> drawn = Thinning.evenly(byFamily, DRAWN);
    Set<String> ids = drawn.stream().map(ComparedAdapter::checkpointId).collect(Collectors.toSet());
    List<AdapterPair> pairs =
        comparison
            .pairs()
            .filter(pair -> ids.contains(pair.checkpointA()) && ids.contains(pair.checkpointB()))
            .collect();
    page.put("compared", ADAPTERS, sideBySide(drawn, pairs));
    page.put("pairs", PAIRS, pairs);
    page.put(
        "copies",
        PAIRS,
        comparison
            .pairs()
            .filter(pair -> pair.figures().duplicate() != null)
            .takeOrdered(LISTED, new ByName()));
    page.put(
        "safe",
        PAIRS,
        comparison
            .pairs()
            .filter(pair -> Boolean.TRUE.equals(pair.safeToMerge()))
            .takeOrdered(LISTED, new LeastInterference()));
  }

  /** Within each family, and among those of none, each is followed by what resembles it most. */
  private static List<ComparedAdapter> sideBySide(
      List<ComparedAdapter> byFamily, List<AdapterPair> pairs) {
    Map<String, Double> cosines = new HashMap<>();
    for (AdapterPair pair : pairs) {
      if (pair.figures().leadingCosine() != null) {
        cosines.put(key(pair.checkpointA(), pair.checkpointB()), pair.figures().leadingCosine());
        cosines.put(key(pair.checkpointB(), pair.checkpointA()), pair.figures().leadingCosine());
      }
    }
    List<ComparedAdapter> open = new ArrayList<>(byFamily);
    List<ComparedAdapter> ordered = new ArrayList<>();
    while (!open.isEmpty()) {
      ComparedAdapter last = ordered.isEmpty() ? null : ordered.get(ordered.size() - 1);
      ComparedAdapter next = open.get(0);
      if (last != null) {
        double best = -2;
        for (ComparedAdapter one : open) {
          double cosine = cosines.getOrDefault(key(last.checkpointId(), one.checkpointId()), -1.5);
          if (isOfSameFamily(one, open.get(0)) && cosine > best) {
            best = cosine;
            next = one;
          }
        }
      }
      open.remove(next);
      ordered.add(next);
    }
    return ordered;
  }

  private static boolean isOfSameFamily(ComparedAdapter one, ComparedAdapter other) {
    return one.baseId().equals(other.baseId()) && Objects.equals(one.family(), other.family());
  }

  private static String key(String one, String other) {
    return one + "\n" + other;
  }

  /** Serializable, as executors sort too. */
  private static final class ByName implements Comparator<AdapterPair>, Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(AdapterPair one, AdapterPair other) {
      return Comparator.comparing(AdapterPair::checkpointA)
          .thenComparing(AdapterPair::checkpointB)
          .compare(one, other);
    }
  }

  /** Serializable, as executors sort too. */
  private static final class LeastInterference implements Comparator<AdapterPair>, Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(AdapterPair one, AdapterPair other) {
      return Comparator.comparing(
              (AdapterPair pair) -> pair.figures().interference(),
              Comparator.nullsFirst(Comparator.naturalOrder()))
          .thenComparing(new ByName())
          .compare(one, other);
    }
  }
}
