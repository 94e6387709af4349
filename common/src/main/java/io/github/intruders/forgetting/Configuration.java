package io.github.intruders.forgetting;

import io.github.intruders.manifest.CheckpointSpec;
import java.io.Serializable;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What several seeds have in common: every tag but {@code seed}, the step and the task. The names
 * of sequences do not count, since every seed has its own.
 *
 * @param tags without the seed
 * @param step of a sequence, or null
 * @param task or null
 */
public record Configuration(Map<String, String> tags, Integer step, String task)
    implements Serializable {
  /** The tag that tells seeds apart. */
  public static final String SEED = "seed";

  public Configuration {
    tags = new TreeMap<>(tags);
  }

  /** Of a checkpoint; empty if it has no seed. */
  public static Optional<Configuration> of(CheckpointSpec spec) {
    if (!spec.tags().containsKey(SEED)) {
      return Optional.empty();
    }
    Map<String, String> others = new TreeMap<>(spec.tags());
    others.remove(SEED);
    return Optional.of(new Configuration(others, spec.step(), spec.task()));
  }
}
