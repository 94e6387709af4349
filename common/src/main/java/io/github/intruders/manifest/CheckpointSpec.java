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
 * @param sequence the sequence it is a step of, or null
 * @param step its place in the sequence, or null; steps may leave numbers out, such as 500, 1000,
 *     1500, since order is what counts
 * @param task what it was tuned for last, or null
 * @param tags free labels; {@code method} groups checkpoints in reports
 */
public record CheckpointSpec(
    String id,
    List<String> sources,
    String sequence,
    Integer step,
    String task,
    Map<String, String> tags)
    implements Serializable {
  public CheckpointSpec {
    Objects.requireNonNull(id, "id");
    sources = List.copyOf(sources);
    tags = new TreeMap<>(tags);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("Checkpoint %s has no source".formatted(id));
    }
    if ((sequence == null) != (step == null)) {
      throw new IllegalArgumentException(
          "Checkpoint %s needs both sequence and step, or neither".formatted(id));
    }
  }

  /** The tag {@code method}, such as {@code full} or {@code lora}. */
  public Optional<String> method() {
    return Optional.ofNullable(tags.get("method"));
  }
}
