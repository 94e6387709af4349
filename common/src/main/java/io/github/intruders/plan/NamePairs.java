package io.github.intruders.plan;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * Which tensor of the base each tensor of a tuned checkpoint belongs to. Equal names belong
 * together. The others pair by one rule for a whole stack of layers: what stands before the first
 * number differs, the rest is equal. So a model with a head has {@code bert.} where one without has
 * nothing, a multimodal one {@code model.language_model.layers} where its published file has {@code
 * model.layers}, and PEFT, data parallelism and compilation add words of their own. One side's
 * words must be the other's with more between them; no word is taken for another. Where two would
 * fit, none is taken. Kohya's files have underscores for the dots.
 */
final class NamePairs {
  private static final int MAX_SHOWN = 4;

  /** Names without a number that end alike; more than models have, and few enough to be quick. */
  private static final int MAX_ALIKE = 100;

  private static final String WEIGHT = ".weight";

  private final Map<String, String> toBase = new HashMap<>();
  private final Map<String, String> fromBase = new HashMap<>();
  private final Map<String, String> ambiguous = new HashMap<>();
  private final SortedMap<String, Integer> counts = new TreeMap<>();
  private final Map<String, String> stacks = new HashMap<>();
  private final List<Rename> rules = new ArrayList<>();
  private int flattened;

  private NamePairs() {}

  /**
   * Pairs names by the two lists alone.
   *
   * @param whole whether the tuned names are those of a whole checkpoint, which holds every layer
   *     of the base, rather than of an adapter
   */
  static NamePairs of(Set<String> base, Collection<String> tuned, boolean whole) {
    NamePairs pairs = new NamePairs();
    Set<String> tunedNames = new TreeSet<>(tuned);
    StackNames ofBase = StackNames.of(base, tunedNames);
    StackNames ofTuned = StackNames.of(tunedNames, base);
    StackPairs stacks = StackPairs.of(ofBase, ofTuned, whole);
    stacks
        .chosen()
        .forEach(
            (inTuned, inBase) -> {
              Rename rule = Rename.of(inBase, inTuned);
              pairs.stacks.put(inTuned, inBase);
              pairs.rules.add(rule);
              pairs.addStack(ofBase.names(inBase), ofTuned.names(inTuned), rule);
            });
    pairs.refuseRivals(stacks.rivals(), ofBase, ofTuned);
    pairs.addLoose(ofBase, ofTuned);
    return pairs;
  }

  private void addStack(
      Map<String, List<String>> base, Map<String, List<String>> tuned, Rename rule) {
    tuned.forEach(
        (tail, names) -> {
          List<String> candidates = base.getOrDefault(tail, List.of());
          if (candidates.size() == 1 && names.size() == 1) {
            add(candidates.get(0), names.get(0), rule);
          } else if (!candidates.isEmpty()) {
            refuse(candidates, names);
          }
        });
  }

  private void refuseRivals(List<StackPairs.Rival> rivals, StackNames base, StackNames tuned) {
    SortedMap<String, Set<String>> candidates = new TreeMap<>();
    SortedMap<String, Set<String>> names = new TreeMap<>();
    for (StackPairs.Rival rival : rivals) {
      Map<String, List<String>> inBase = base.names(rival.base());
      tuned
          .names(rival.tuned())
          .forEach(
              (tail, inTuned) -> {
                if (inBase.containsKey(tail)) {
                  candidates.computeIfAbsent(tail, t -> new TreeSet<>()).addAll(inBase.get(tail));
                  names.computeIfAbsent(tail, t -> new TreeSet<>()).addAll(inTuned);
                }
              });
    }
    candidates.forEach((tail, fits) -> refuse(List.copyOf(fits), List.copyOf(names.get(tail))));
  }

  /**
   * Pairs what is outside all stacks by the rules that hold for these, or where wrappers alone
   * differ. Where there are no stacks, it is paired as these are.
   */
  private void addLoose(StackNames base, StackNames tuned) {
    boolean freely = !tuned.hasStacks() && !base.hasStacks();
    Map<String, List<String>> byEnd = new HashMap<>();
    for (String name : base.loose()) {
      byEnd.computeIfAbsent(StackNames.end(name), end -> new ArrayList<>()).add(name);
    }
    Map<String, List<String>> candidates = new TreeMap<>();
    Map<String, Set<String>> claims = new HashMap<>();
    for (String name : tuned.loose()) {
      List<String> fits = new ArrayList<>();
      List<String> alike = byEnd.getOrDefault(StackNames.end(name), List.of());
      if (alike.size() <= MAX_ALIKE) {
        for (String other : alike) {
          if (fits(other, name, freely)) {
            fits.add(other);
            claims.computeIfAbsent(other, o -> new TreeSet<>()).add(name);
          }
        }
      }
      candidates.put(name, fits);
    }
    candidates.forEach(
        (name, fits) -> {
          Set<String> rivals = new TreeSet<>();
          fits.forEach(fit -> rivals.addAll(claims.get(fit)));
          if (fits.size() == 1 && rivals.size() == 1) {
            String only = fits.get(0);
            add(only, name, Rename.of(StackNames.lead(only), StackNames.lead(name)));
          } else if (!fits.isEmpty()) {
            refuse(fits, List.copyOf(rivals));
          }
        });
  }

  private boolean fits(String base, String tuned, boolean freely) {
    String leadOfBase = StackNames.lead(base);
    String leadOfTuned = StackNames.lead(tuned);
    return StackNames.coreOf(leadOfBase).equals(StackNames.coreOf(leadOfTuned))
        || (freely && StackNames.related(leadOfBase, leadOfTuned))
        || rules.stream().anyMatch(rule -> rule.inBase(tuned).filter(base::equals).isPresent());
  }

  /**
   * The base's name of a module below which the tuned checkpoint has updates; its own where its
   * stack has the same name in both.
   */
  String moduleInBase(String module) {
    String stack = StackNames.stackOf(module + ".");
    return stacks.containsKey(stack)
        ? stacks.get(stack) + module.substring(stack.length())
        : module;
  }

  /**
   * Pairs names that have underscores for dots. Where a weight of the base is called so, it alone
   * counts; else those that are without their prefixes.
   *
   * @param flattened what is left of a tuned name
   */
  static NamePairs ofFlattened(
      Set<String> base, Collection<String> tuned, UnaryOperator<String> flattened) {
    Map<String, List<String>> whole = new TreeMap<>();
    Map<String, List<String>> cores = new TreeMap<>();
    for (String name : base) {
      if (name.endsWith(WEIGHT)) {
        String core = StackNames.unwrapped(name);
        whole.computeIfAbsent(underscored(name), key -> new ArrayList<>()).add(name);
        cores.computeIfAbsent(underscored(core), key -> new ArrayList<>()).add(name);
      }
    }
    Map<List<String>, List<String>> tunedByBase = new LinkedHashMap<>();
    for (String name : new TreeSet<>(tuned)) {
      String key = underscored(flattened.apply(name));
      List<String> candidates = whole.getOrDefault(key, cores.getOrDefault(key, List.of()));
      tunedByBase.computeIfAbsent(candidates, names -> new ArrayList<>()).add(name);
    }
    NamePairs pairs = new NamePairs();
    tunedByBase.forEach(
        (candidates, names) -> {
          if (candidates.size() == 1 && names.size() == 1) {
            pairs.toBase.put(names.get(0), candidates.get(0));
            pairs.fromBase.put(candidates.get(0), names.get(0));
          } else if (!candidates.isEmpty()) {
            pairs.refuse(candidates, names, "underscores for dots");
          }
        });
    pairs.flattened = pairs.fromBase.size();
    return pairs;
  }

  private static String underscored(String name) {
    String module =
        name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    return module.replace('.', '_');
  }

  private static String some(List<String> names) {
    String shown = String.join(" or ", names.stream().limit(MAX_SHOWN).toList());
    return names.size() > MAX_SHOWN ? shown + " or …" : shown;
  }

  private void refuse(List<String> candidates, List<String> names, String way) {
    String reason =
        "Names pair by %s, but which belong together? %s of the base, %s here"
            .formatted(way, some(candidates), some(names));
    candidates.forEach(name -> ambiguous.put(name, reason));
    names.forEach(name -> toBase.put(name, candidates.get(0)));
  }

  private void refuse(List<String> candidates, List<String> names) {
    refuse(candidates, names, "prefix");
  }

  private void add(String base, String tuned, Rename rule) {
    toBase.put(tuned, base);
    fromBase.put(base, tuned);
    counts.merge(rule.toString(), 1, Integer::sum);
  }

  /** The base's name of a tuned tensor; its own where none belongs to it. */
  String inBase(String tuned) {
    return toBase.getOrDefault(tuned, tuned);
  }

  /** The tuned checkpoint's name of a base tensor; its own where none belongs to it. */
  String inTuned(String base) {
    return fromBase.getOrDefault(base, base);
  }

  /**
   * Refuses a tensor of the base to which several would belong, or that competes with others for
   * one.
   *
   * @param uri of the tuned checkpoint
   * @throws UserInputException with code {@code NAME_AMBIGUOUS}
   */
  void requireClear(String base, String uri) {
    String reason = ambiguous.get(base);
    if (reason != null) {
      throw UserInputException.inFile(RejectCode.NAME_AMBIGUOUS, uri, reason);
    }
  }

  /** What was paired by more than equal names, for a person; empty where nothing was. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    counts.forEach(
        (pair, count) -> notes.add("names pair by prefix: %s (%d)".formatted(pair, count)));
    if (flattened > 0) {
      notes.add("names pair by underscores for dots (%d)".formatted(flattened));
    }
    return notes;
  }
}
