package io.github.intruders.plan;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
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
 * together; of the others, those that are equal but for the prefixes that wrappers of a model add:
 * a model with a head holds {@code model.} or {@code transformer.} where one without has nothing,
 * PEFT adds {@code base_model.model.}, data parallelism {@code module.}, compilation {@code
 * _orig_mod.}. Where two would fit, none is taken. Kohya's files have underscores for the dots.
 */
final class NamePairs {
  private static final List<String> PREFIXES =
      List.of("_orig_mod.", "module.", "base_model.model.", "model.", "transformer.");

  private static final int MAX_SHOWN = 4;
  private static final String WEIGHT = ".weight";

  private final Map<String, String> toBase = new HashMap<>();
  private final Map<String, String> fromBase = new HashMap<>();
  private final Map<String, String> ambiguous = new HashMap<>();
  private final SortedMap<String, Integer> prefixes = new TreeMap<>();
  private int flattened;

  private NamePairs() {}

  /** Pairs names by the two lists alone. */
  static NamePairs of(Set<String> base, Collection<String> tuned) {
    NamePairs pairs = new NamePairs();
    Map<String, List<String>> unpairedBase = byCore(base, new HashSet<>(tuned));
    byCore(new TreeSet<>(tuned), base)
        .forEach(
            (core, names) -> {
              List<String> candidates = unpairedBase.getOrDefault(core, List.of());
              if (candidates.size() == 1 && names.size() == 1) {
                pairs.add(candidates.get(0), names.get(0), core);
              } else if (!candidates.isEmpty()) {
                pairs.refuse(candidates, names, "prefix");
              }
            });
    return pairs;
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
        String core = core(name);
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

  /** The names of one side that the other lacks, by what is left without prefixes. */
  private static Map<String, List<String>> byCore(Set<String> names, Set<String> others) {
    Map<String, List<String>> byCore = new TreeMap<>();
    for (String name : names) {
      if (!others.contains(name)) {
        byCore.computeIfAbsent(core(name), core -> new ArrayList<>()).add(name);
      }
    }
    return byCore;
  }

  private static String core(String name) {
    String core = name;
    for (int i = 0; i < PREFIXES.size(); i++) {
      if (core.startsWith(PREFIXES.get(i))) {
        core = core.substring(PREFIXES.get(i).length());
        i = -1; // they stand in any order
      }
    }
    return core;
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

  private void add(String base, String tuned, String core) {
    toBase.put(tuned, base);
    fromBase.put(base, tuned);
    String pair =
        "\"%s\" in the base, \"%s\" here"
            .formatted(
                base.substring(0, base.length() - core.length()),
                tuned.substring(0, tuned.length() - core.length()));
    prefixes.merge(pair, 1, Integer::sum);
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
    prefixes.forEach(
        (pair, count) -> notes.add("names pair by prefix: %s (%d)".formatted(pair, count)));
    if (flattened > 0) {
      notes.add("names pair by underscores for dots (%d)".formatted(flattened));
    }
    return notes;
  }
}
