package io.github.intruders.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names of one side that the other side lacks, by the stack of layers that they belong to: what
 * stands before the first number, such as {@code model.layers.}. A stack of which the other side
 * has some names is that side's stack, too, so that what it has beyond them belongs to no other
 * one.
 */
final class StackNames {
  /** Words that wrappers of a model add, or that a model's class has for the part without heads. */
  private static final Set<String> NEUTRAL =
      Set.of("_orig_mod", "module", "base_model", "model", "transformer");

  /** Words that wrappers add between others. */
  private static final Pattern INNER =
      Pattern.compile("(?<=^|\\.)(_fsdp_wrapped_module|_checkpoint_wrapped_module|_orig_mod)\\.");

  private static final Pattern NUMBER = Pattern.compile("(^|\\.)\\d{1,6}(?=\\.)");
  private static final Pattern END = Pattern.compile("([^.]+\\.)?[^.]+$");

  private final SortedMap<String, SortedMap<String, List<String>>> stacks = new TreeMap<>();
  private final SortedSet<String> loose = new TreeSet<>();
  private boolean hasStacks;

  private StackNames() {}

  static StackNames of(Set<String> names, Set<String> others) {
    StackNames side = new StackNames();
    Set<String> kept = new HashSet<>();
    for (String name : names) {
      int start = firstNumber(name);
      if (start < 0) {
        if (!others.contains(name)) {
          side.loose.add(name);
        }
      } else if (others.contains(name)) {
        kept.add(name.substring(0, start));
      } else {
        side.stacks
            .computeIfAbsent(name.substring(0, start), stack -> new TreeMap<>())
            .computeIfAbsent(
                INNER.matcher(name.substring(start)).replaceAll(""), tail -> new ArrayList<>())
            .add(name);
      }
    }
    side.hasStacks = !side.stacks.isEmpty() || !kept.isEmpty();
    side.stacks.keySet().removeAll(kept);
    return side;
  }

  /** What stands before the first number of a name; empty where there is none. */
  static String stackOf(String name) {
    return name.substring(0, Math.max(0, firstNumber(name)));
  }

  private static int firstNumber(String name) {
    Matcher number = NUMBER.matcher(name);
    return number.find() ? number.end(1) : -1;
  }

  /** Whether this side has stacks at all, with names of its own or not. */
  boolean hasStacks() {
    return hasStacks;
  }

  /** What the stacks' names begin with; unmodifiable. */
  Set<String> stacks() {
    return Collections.unmodifiableSet(stacks.keySet());
  }

  /** The names of a stack by what follows its beginning, mostly one each; unmodifiable. */
  Map<String, List<String>> names(String stack) {
    return Collections.unmodifiableMap(stacks.getOrDefault(stack, Collections.emptySortedMap()));
  }

  /** The names without a number; unmodifiable. */
  SortedSet<String> loose() {
    return Collections.unmodifiableSortedSet(loose);
  }

  /** The module and parameter that a name without a number ends with. */
  static String end(String name) {
    Matcher end = END.matcher(name);
    return end.find() ? end.group() : name;
  }

  /** What stands before {@link #end}. */
  static String lead(String name) {
    return name.substring(0, name.length() - end(name).length());
  }

  /** A beginning without the words that wrappers add, such as {@code encoder.layers.}. */
  static String coreOf(String lead) {
    StringBuilder core = new StringBuilder();
    for (String word : lead.split("\\.", -1)) {
      if (!word.isEmpty() && !NEUTRAL.contains(word) && !INNER.matcher(word + ".").matches()) {
        core.append(word).append('.');
      }
    }
    return core.toString();
  }

  /** A name without the words of wrappers that it begins with. */
  static String unwrapped(String name) {
    String rest = name;
    int dot = rest.indexOf('.');
    while (dot > 0 && NEUTRAL.contains(rest.substring(0, dot))) {
      rest = rest.substring(dot + 1);
      dot = rest.indexOf('.');
    }
    return rest;
  }

  /**
   * Whether one beginning is the other with more words in it, apart from those of wrappers. The
   * word before the number, which says what is numbered, has to be the same.
   */
  static boolean related(String one, String other) {
    List<String> a = words(one);
    List<String> b = words(other);
    if (a.isEmpty() || b.isEmpty()) {
      return true;
    }
    return a.get(a.size() - 1).equals(b.get(b.size() - 1)) && (within(a, b) || within(b, a));
  }

  private static List<String> words(String lead) {
    String core = coreOf(lead);
    return core.isEmpty()
        ? List.of()
        : List.of(core.substring(0, core.length() - 1).split("\\.", -1));
  }

  private static boolean within(List<String> part, List<String> whole) {
    int next = 0;
    for (String word : whole) {
      if (next < part.size() && part.get(next).equals(word)) {
        next++;
      }
    }
    return next == part.size();
  }
}
