package io.github.intruders.jobs.report;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a run would do and what it would find done.
 *
 * @param plan what it would look at
 * @param toDo checkpoint → matrices that are not finished
 * @param outUri where finished work is kept
 * @param after what would come then, in words
 */
public record DryRun(PlanReport plan, Map<String, Long> toDo, String outUri, List<String> after) {
  private static final int CHECKPOINTS_SHOWN = 20;

  /** As a person reads it in a terminal. */
  public String render() {
    long pending = toDo.values().stream().mapToLong(Long::longValue).sum();
    StringBuilder text = new StringBuilder(plan.render());
    text.append(
        "%nTo compute: %d of %d matrices, in %d of %d checkpoints; %d are finished, in %s/_work%n"
            .formatted(
                pending,
                plan.matrices(),
                toDo.size(),
                plan.checkpoints().size(),
                plan.matrices() - pending,
                outUri));
    int width = toDo.keySet().stream().mapToInt(String::length).max().orElse(0);
    new TreeMap<>(toDo)
        .entrySet().stream()
            .limit(CHECKPOINTS_SHOWN)
            .forEach(
                one ->
                    text.append(
                        ("  %-" + width + "s  %5d%n").formatted(one.getKey(), one.getValue())));
    if (toDo.size() > CHECKPOINTS_SHOWN) {
      text.append("  … and %d more%n".formatted(toDo.size() - CHECKPOINTS_SHOWN));
    }
    if (!after.isEmpty()) {
      text.append("Then: %s%n".formatted(String.join("; ", after)));
    }
    return text.append("Dry run: nothing was computed or written%n".formatted()).toString();
  }
}
