package io.github.intruders.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.adapter.ScaleOrigin;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What an adapter names, what of it is in the base, and where the scales of its updates come from.
 *
 * @param position among the adapters of the same role, from 1 on
 * @param uri where it lies
 * @param kind such as {@code LoRA}
 * @param targets {@code target_modules} of its config as it is written there; null where it has
 *     none
 * @param modules how many modules it has tensors of
 * @param found how many of these are in the base
 * @param firstMissing the first of those that are not, or null
 * @param targetsWithoutUpdate names in {@code target_modules} that end no module's name in the
 *     file; null where these are no list of names
 * @param modulesWithoutUpdate how many modules of the base {@code target_modules} names of which
 *     the file has no tensors; null where its config has further conditions, or they are no list
 * @param scales how many updates have their scale from where
 * @param leastScale the smallest scale of a LoRA update, or null where none is known from the
 *     config
 * @param largestScale the largest
 */
public record AdapterCoverage(
    Role role,
    int position,
    String uri,
    String kind,
    String targets,
    int modules,
    int found,
    String firstMissing,
    Integer targetsWithoutUpdate,
    Integer modulesWithoutUpdate,
    Map<String, Integer> scales,
    Double leastScale,
    Double largestScale)
    implements Serializable {
  private static final int MAX_SHOWN = 1000;
  private static final String WEIGHT = ".weight";

  /** What a checkpoint has an adapter for. */
  public enum Role {
    /** It is applied. */
    ADAPTERS,
    /** The checkpoint is said to be merged from it. */
    MERGED_FROM;

    /** As tables have it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static AdapterCoverage of(
      Adapter adapter, int position, Role role, NamePairs pairs, Set<String> base) {
    SortedSet<String> modules = new TreeSet<>();
    SortedSet<String> found = new TreeSet<>();
    Map<String, Integer> scales = new TreeMap<>();
    Double least = null;
    Double largest = null;
    for (AdapterUpdate update : adapter.updates().values()) {
      add(module(update.baseTensor()), pairs.inBase(update.baseTensor()), base, modules, found);
      ScaleOrigin origin = adapter.scaleOrigin(update);
      scales.merge(origin.text(), 1, Integer::sum);
      if (update instanceof LowRankSource lora && origin != ScaleOrigin.NONE) {
        least = least == null ? lora.scale() : Math.min(least, lora.scale());
        largest = largest == null ? lora.scale() : Math.max(largest, lora.scale());
      }
    }
    for (Adapter.Fault fault : adapter.faults()) {
      if (fault.baseTensor() != null) {
        add(module(fault.baseTensor()), pairs.inBase(fault.baseTensor()), base, modules, found);
      }
    }
    adapter
        .parameters()
        .forEach(
            parameter -> {
              String prefix = pairs.moduleInBase(parameter.module()) + ".";
              modules.add(parameter.module());
              if (base.stream().anyMatch(name -> name.startsWith(prefix))) {
                found.add(parameter.module());
              }
            });
    SortedSet<String> missing = new TreeSet<>(modules);
    missing.removeAll(found);
    JsonNode targets = adapter.config().path("target_modules");
    return new AdapterCoverage(
        role,
        position,
        adapter.uri(),
        adapter.kind(),
        targets.isMissingNode() || targets.isNull()
            ? null
            : Excerpt.of(targets.toString(), MAX_SHOWN),
        modules.size(),
        found.size(),
        missing.isEmpty() ? null : missing.first(),
        targets.isArray() ? (Integer) unmatched(names(targets), modules) : null,
        targets.isArray() && !hasConditions(adapter.config())
            ? (Integer) untouched(names(targets), base, adapter, pairs)
            : null,
        scales,
        least,
        largest);
  }

  private static void add(
      String module, String inBase, Set<String> base, Set<String> modules, Set<String> found) {
    modules.add(module);
    if (base.contains(inBase)) {
      found.add(module);
    }
  }

  private static String module(String tensor) {
    return tensor.endsWith(WEIGHT)
        ? tensor.substring(0, tensor.length() - WEIGHT.length())
        : tensor;
  }

  private static List<String> names(JsonNode targets) {
    List<String> names = new ArrayList<>();
    targets.forEach(target -> names.add(target.asText()));
    return names;
  }

  /** As PEFT reads a list: the whole name, or the end of it behind a dot. */
  private static boolean names(String target, String module) {
    return module.equals(target) || module.endsWith("." + target);
  }

  private static int unmatched(List<String> targets, Set<String> modules) {
    return (int)
        targets.stream()
            .filter(target -> modules.stream().noneMatch(module -> names(target, module)))
            .count();
  }

  private static boolean hasConditions(JsonNode config) {
    return List.of("exclude_modules", "layers_to_transform", "layers_pattern").stream()
        .map(config::path)
        .anyMatch(value -> !value.isMissingNode() && !value.isNull() && !value.isEmpty());
  }

  /** Modules of which a weight that PEFT would have adapted is as it was. */
  private static int untouched(
      List<String> targets, Set<String> base, Adapter adapter, NamePairs pairs) {
    Set<String> changed = new TreeSet<>();
    adapter.updates().keySet().forEach(name -> changed.add(pairs.inBase(name)));
    adapter.faults().stream()
        .map(Adapter.Fault::baseTensor)
        .filter(name -> name != null)
        .forEach(name -> changed.add(pairs.inBase(name)));
    return (int)
        base.stream()
            .filter(name -> name.endsWith(WEIGHT) && !changed.contains(name))
            .filter(name -> targets.stream().anyMatch(target -> names(target, module(name))))
            .count();
  }

  /** The same at another place. */
  AdapterCoverage at(int other) {
    return new AdapterCoverage(
        role,
        other,
        uri,
        kind,
        targets,
        modules,
        found,
        firstMissing,
        targetsWithoutUpdate,
        modulesWithoutUpdate,
        scales,
        leastScale,
        largestScale);
  }

  /** That its file lacks what its config names, so that it may have been cut. */
  Optional<String> note() {
    if (modulesWithoutUpdate == null || modulesWithoutUpdate == 0) {
      return Optional.empty();
    }
    return Optional.of(
        CheckpointPlan.WARNING
            + "%s has no update for %s of the base that its target_modules names; it has updates for %d"
                .formatted(uri, Excerpt.counted(modulesWithoutUpdate, "module"), found));
  }

  /** That modules of an adapter, which a checkpoint is said to be merged from, are not there. */
  Optional<UserInputException> missing(String base, String example) {
    return firstMissing == null
        ? Optional.empty()
        : Optional.of(
            UserInputException.inFile(
                RejectCode.MISSING_IN_BASE,
                uri,
                "merged_from: %d of its %d modules are not in the base %s, such as %s; the base has %s: was a prefix renamed?"
                    .formatted(modules - found, modules, base, firstMissing, example)));
  }
}
