package io.github.intruders.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which stack of layers of a tuned checkpoint is which one of the base, by names that one side
 * lacks.
 *
 * @param chosen the base's stack by the tuned one
 * @param rivals stacks of which one would fit several of the other side, and that share names
 */
record StackPairs(SortedMap<String, String> chosen, List<Rival> rivals) {
  /** Pairs of stacks to look at; more than models have, and few enough to be quick. */
  private static final long MAX_PAIRS = 100_000;

  /**
   * A pair that is as good as another one.
   *
   * @param base what the names begin with in the base
   * @param tuned and in the tuned checkpoint
   */
  record Rival(String base, String tuned) {}

  /**
   * @param shared how many names the stacks have in common
   * @param sameWords whether they differ by wrappers alone
   */
  private record Fit(String base, String tuned, int shared, boolean sameWords) {}

  static StackPairs of(StackNames base, StackNames tuned, boolean whole) {
    List<Fit> fits = fits(base, tuned, whole);
    fits = withoutWorse(fits, base, tuned, whole);
    Map<String, Set<String>> byTuned = new HashMap<>();
    Map<String, Set<String>> byBase = new HashMap<>();
    for (Fit fit : fits) {
      byTuned.computeIfAbsent(fit.tuned(), stack -> new HashSet<>()).add(fit.base());
      byBase.computeIfAbsent(fit.base(), stack -> new HashSet<>()).add(fit.tuned());
    }
    SortedMap<String, String> chosen = new TreeMap<>();
    List<Rival> rivals = new ArrayList<>();
    for (Fit fit : fits) {
      if (byTuned.get(fit.tuned()).size() == 1 && byBase.get(fit.base()).size() == 1) {
        chosen.put(fit.tuned(), fit.base());
      } else {
        rivals.add(new Rival(fit.base(), fit.tuned()));
      }
    }
    return new StackPairs(chosen, List.copyOf(rivals));
  }

  private static List<Fit> fits(StackNames base, StackNames tuned, boolean whole) {
    List<Fit> fits = new ArrayList<>();
    Map<String, List<String>> byTail = new HashMap<>();
    for (String stack : base.stacks()) {
      for (String tail : base.names(stack).keySet()) {
        byTail.computeIfAbsent(tail, names -> new ArrayList<>()).add(stack);
      }
    }
    long looked = 0;
    for (String stack : tuned.stacks()) {
      Map<String, Integer> shared = new TreeMap<>();
      for (String tail : tuned.names(stack).keySet()) {
        List<String> holders = byTail.getOrDefault(tail, List.of());
        looked += holders.size();
        if (looked > MAX_PAIRS + base.stacks().size()) {
          return List.of(); // the names are then told one by one as missing
        }
        holders.forEach(holder -> shared.merge(holder, 1, Integer::sum));
      }
      shared.forEach(
          (other, count) -> {
            boolean sameWords = StackNames.coreOf(other).equals(StackNames.coreOf(stack));
            boolean most =
                isMost(count, base.names(other).size(), tuned.names(stack).size(), whole);
            if (sameWords || (most && StackNames.related(other, stack))) {
              fits.add(new Fit(other, stack, count, sameWords));
            }
          });
    }
    return fits;
  }

  /** Two towers of a model share some of their layers' names; one and the same shares most. */
  private static boolean isMost(int shared, int inBase, int inTuned, boolean whole) {
    return whole ? 2 * shared > Math.min(inBase, inTuned) : 3 * shared >= inTuned;
  }

  /**
   * Leaves out pairs beside one that differs by wrappers alone, and those that leave names
   * unexplained beside one that explains all. What is tuned has all its names in the base; the
   * reverse holds for a whole checkpoint only.
   */
  private static List<Fit> withoutWorse(
      List<Fit> fits, StackNames base, StackNames tuned, boolean whole) {
    Set<String> wrappedBase = new HashSet<>();
    Set<String> wrappedTuned = new HashSet<>();
    Set<String> explainedBase = new TreeSet<>();
    Set<String> explainedTuned = new TreeSet<>();
    for (Fit fit : fits) {
      if (fit.sameWords()) {
        wrappedBase.add(fit.base());
        wrappedTuned.add(fit.tuned());
      }
    }
    List<Fit> left =
        fits.stream()
            .filter(
                fit ->
                    fit.sameWords()
                        || !(wrappedBase.contains(fit.base())
                            || wrappedTuned.contains(fit.tuned())))
            .toList();
    for (Fit fit : left) {
      if (fit.shared() == tuned.names(fit.tuned()).size()) {
        explainedTuned.add(fit.tuned());
      }
      if (whole && fit.shared() == base.names(fit.base()).size()) {
        explainedBase.add(fit.base());
      }
    }
    return left.stream()
        .filter(
            fit ->
                fit.shared() == tuned.names(fit.tuned()).size()
                    || !explainedTuned.contains(fit.tuned()))
        .filter(
            fit ->
                fit.shared() == base.names(fit.base()).size()
                    || !explainedBase.contains(fit.base()))
        .toList();
  }
}
