package io.github.intruders.plan;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which tensor of the base each tensor of a tuned checkpoint belongs to. Equal names belong
 * together; of the others, those that are equal but for the prefixes that wrappers of a model add:
 * a model with a head holds {@code model.} or {@code transformer.} where one without has nothing,
 * PEFT adds {@code base_model.model.}, data parallelism {@code module.}, compilation {@code
 * _orig_mod.}. Where two would fit, none is taken.
 */
final class NamePairs {
  private static final List<String> PREFIXES =
      List.of("_orig_mod.", "module.", "base_model.model.", "model.", "transformer.");

  private static final int MAX_SHOWN = 4;

  private final Map<String, String> toBase = new HashMap<>();
  private final Map<String, String> fromBase = new HashMap<>();
  private final Map<String, String> ambiguous = new HashMap<>();
  private final SortedMap<String, Integer> prefixes = new TreeMap<>();

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
                String reason =
                    "Names pair by prefix, but which belong together? %s of the base, %s here"
                        .formatted(some(candidates), some(names));
                candidates.forEach(name -> pairs.ambiguous.put(name, reason));
                names.forEach(name -> pairs.toBase.put(name, candidates.get(0)));
              }
            });
    return pairs;
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
    return prefixes.entrySet().stream()
        .map(pair -> "names pair by prefix: %s (%d)".formatted(pair.getKey(), pair.getValue()))
        .toList();
  }
}
