package io.github.intruders.manifest;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One tuned checkpoint as the manifest names it.
 *
 * @param id names it in every table
 * @param sources qualified URIs: a checkpoint or an adapter first, then adapters, each trained on
 *     top of what stands before it; at least one
 * @param mergedFrom qualified URIs of the adapters that a whole checkpoint is said to have been
 *     merged from, in the order they were merged; empty where that is not said
 * @param sequence the sequence it is a step of, or null
 * @param step its place in the sequence, or null; steps may leave numbers out, such as 500, 1000,
 *     1500, since order is what counts
 * @param task what it was tuned for last, or null
 * @param tags free labels; {@code method} groups checkpoints in reports
 */
public record CheckpointSpec(
    String id,
    List<String> sources,
    List<String> mergedFrom,
    String sequence,
    Integer step,
    String task,
    Map<String, String> tags)
    implements Serializable {
  public CheckpointSpec {
    Objects.requireNonNull(id, "id");
    sources = List.copyOf(sources);
    mergedFrom = List.copyOf(mergedFrom);
    tags = new TreeMap<>(tags);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("Checkpoint %s has no source".formatted(id));
    }
    if ((sequence == null) != (step == null)) {
      throw new IllegalArgumentException(
          "Checkpoint %s needs both sequence and step, or neither".formatted(id));
    }
  }

  /** One that is not said to be a merge. */
  public CheckpointSpec(
      String id,
      List<String> sources,
      String sequence,
      Integer step,
      String task,
      Map<String, String> tags) {
    this(id, sources, List.of(), sequence, step, task, tags);
  }

  /** The same checkpoint, said to be merged from these adapters. */
  CheckpointSpec withMergedFrom(List<String> adapters) {
    return new CheckpointSpec(id, sources, adapters, sequence, step, task, tags);
  }

  /** The tag {@code method}, such as {@code full} or {@code lora}. */
  public Optional<String> method() {
    return Optional.ofNullable(tags.get("method"));
  }
}
