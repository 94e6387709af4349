package io.github.intruders.plan;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.TensorInfo;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Whether a checkpoint stores some weights as (in, out), as the {@code Conv1D} layers of GPT-2 do.
 * Which vectors are "left" depends on it, so such weights are turned round when they are read.
 */
final class Orientation {
  private static final Set<String> CONV1D_MODELS =
      Set.of("gpt2", "openai-gpt", "imagegpt", "decision_transformer");
  private static final Pattern CONV1D_WEIGHT =
      Pattern.compile(
          "(^|\\.)h\\.\\d+\\.(attn|crossattention|mlp)\\.(c_attn|c_proj|c_fc|q_attn)\\.weight$");
  private static final String FUSED_ATTENTION = "attn.c_attn.weight";

  private final boolean conv1d;

  private Orientation(boolean conv1d) {
    this.conv1d = conv1d;
  }

  /** By the model type of {@code config.json}; without one, by the shape of the fused attention. */
  static Orientation of(Checkpoint checkpoint) {
    return new Orientation(
        checkpoint
            .modelType()
            .map(CONV1D_MODELS::contains)
            .orElseGet(
                () -> checkpoint.tensors().values().stream().anyMatch(Orientation::isWideFused)));
  }

  private static boolean isWideFused(TensorInfo tensor) {
    return tensor.name().endsWith(FUSED_ATTENTION)
        && tensor.shape().size() == 2
        && tensor.shape().get(1) == 3 * tensor.shape().get(0);
  }

  /** Whether this tensor is stored as (in, out). */
  boolean isTransposed(String tensor) {
    return conv1d && CONV1D_WEIGHT.matcher(tensor).find();
  }
}
