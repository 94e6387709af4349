package io.github.intruders.adapter;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the name of a tensor in an adapter's file tells. */
sealed interface AdapterTensor {
  /** Where PEFT wraps the model it adapts. */
  String PREFIX = "base_model.model.";

  /** The base tensor that it changes; null if the name is not one of PEFT's. */
  String baseTensor();

  /**
   * One of the two factors of a linear layer's update.
   *
   * @param module as PEFT sees it, such as {@code model.layers.0.self_attn.q_proj}
   * @param side A or B
   * @param adapterName the name that older files have in their keys; empty in today's
   */
  record Factor(String module, Side side, String adapterName) implements AdapterTensor {
    @Override
    public String baseTensor() {
      return module + ".weight";
    }
  }

  /**
   * Anything else, which is not supported.
   *
   * @param baseTensor see {@link #baseTensor()}
   * @param reason what it is, in words
   */
  record Other(String baseTensor, String reason) implements AdapterTensor {}

  /** A is applied first, (rank, inputs); B second, (outputs, rank). */
  enum Side {
    A,
    B
  }

  /** Understands a name. */
  static AdapterTensor named(String tensor) {
    if (!tensor.startsWith(PREFIX)) {
      return new Other(null, "the name of a PEFT tensor starts with " + PREFIX);
    }
    String name = tensor.substring(PREFIX.length());
    Matcher factor = Kind.FACTOR.matcher(name);
    if (factor.matches() && !factor.group("module").endsWith(".base_layer")) {
      return new Factor(
          factor.group("module"),
          Side.valueOf(factor.group("side")),
          factor.group("adapter") == null ? "" : factor.group("adapter"));
    }
    return Arrays.stream(Kind.values())
        .filter(kind -> kind.pattern.matcher(name).matches())
        .map(kind -> kind.tensor(name))
        .findFirst()
        .orElseGet(
            () -> new Other(name, "it is not a tensor that LoRA adapters are known to have"));
  }

  /** The tensors that are not factors of a linear layer, most specific first. */
  enum Kind {
    NESTED(
        "(?<module>.+)\\.base_layer\\.lora_[AB].*",
        "several adapters are nested on one module (target_parameters), which is not supported"),
    EMBEDDING(
        "(?<module>.+)\\.lora_embedding_[AB](\\..+)?", "LoRA on an embedding is not supported"),
    MAGNITUDE(
        "(?<module>.+)\\.lora_magnitude_vector(\\..+)?",
        "it holds the magnitudes of DoRA, which is not supported"),
    BIAS(
        "(?<module>.+)\\.lora_[AB](\\.[^.]+)?\\.bias",
        "it is a trained bias (lora_bias), which is not supported"),
    DIAGONAL(
        "(?<module>.+)\\.lora_diag(\\..+)?", "it is the diagonal of KaSA, which is not supported"),
    TOKENS(
        "(?<module>.+)\\.token_adapter\\..+",
        "it holds rows that replace those of trained tokens, which is not supported"),
    COPY(
        "(?<module>.+)\\.base_layer\\.(weight|bias)",
        "it is a copy of the layer under the adapter, which is not supported"),
    REPLACEMENT(
        "(?<module>.+)\\.(weight|bias)",
        "it replaces the base's whole tensor (modules_to_save, bias, or a resized embedding), which"
            + " is not supported in an adapter");

    private static final Pattern FACTOR =
        Pattern.compile("(?<module>.+)\\.lora_(?<side>[AB])(\\.(?<adapter>[^.]+))?\\.weight");

    private final Pattern pattern;
    private final String reason;

    Kind(String pattern, String reason) {
      this.pattern = Pattern.compile(pattern);
      this.reason = reason;
    }

    private Other tensor(String name) {
      Matcher matcher = pattern.matcher(name);
      if (!matcher.matches()) {
        throw new IllegalArgumentException("%s does not match %s".formatted(name, pattern));
      }
      return new Other(this == REPLACEMENT ? name : matcher.group("module") + ".weight", reason);
    }
  }
}
