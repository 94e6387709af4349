package io.github.intruders.adapter;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the name of a tensor in an adapter's file tells. */
sealed interface AdapterTensor {
  /** Where PEFT wraps the model it adapts. */
  String PREFIX = "base_model.model.";

  /** How PEFT starts the names of what its methods train. */
  Pattern NUMBERS_OF_A_METHOD =
      Pattern.compile(
          "\\.(lora|hada|lokr|ia3|oft|boft|hra|hira|miss|c3a|gralora|delora|vera|vblora|randlora"
              + "|shira)_");

  /** Where PEFT keeps what all layers share. */
  String SHARED_PREFIX = "base_model.";

  /**
   * One of the numbers of a module's update.
   *
   * @param module as PEFT sees it, such as {@code model.layers.0.self_attn.q_proj}
   * @param part which, such as {@code lora_A}
   * @param adapterName the name that older files have in their keys; empty in today's
   */
  record Part(String module, String part, String adapterName) implements AdapterTensor {}

  /** Part of the updates of all modules. */
  record Shared(String part) implements AdapterTensor {}

  /**
   * A whole weight.
   *
   * @param module whose
   * @param underAdapter whether the module is adapted, too
   */
  record Saved(String module, boolean underAdapter) implements AdapterTensor {}

  /** A trained bias, which is no matrix. */
  record Bias() implements AdapterTensor {}

  /**
   * Anything else, which is not supported.
   *
   * @param baseTensor the base tensor that it changes; null if the name is not one of PEFT's
   * @param reason what it is, in words
   */
  record Other(String baseTensor, String reason) implements AdapterTensor {}

  /** Understands a name. */
  static AdapterTensor named(String tensor, AdapterKind kind) {
    if (kind == AdapterKind.MLX) {
      Matcher part = pattern(kind).matcher(tensor);
      return part.matches()
          ? new Part(part.group("module"), part.group("part"), "")
          : new Other(tensor, "it is not a tensor that MLX's LoRA adapters are known to have");
    }
    if (kind == AdapterKind.KOHYA) {
      int dot = tensor.indexOf('.');
      Matcher part = pattern(kind).matcher(tensor);
      return part.matches() && part.group("adapter") == null && part.end("module") == dot
          ? new Part(part.group("module"), part.group("part"), "")
          : new Other(
              dot < 0 ? null : tensor.substring(0, dot) + ".weight",
              "it is not a tensor of kohya's that is supported, which are those of LoRA, LoHa and"
                  + " LoKr without Tucker, DoRA or whole differences; merge it with the trainer's"
                  + " script and analyse the merged checkpoint");
    }
    if (!tensor.startsWith(PREFIX)) {
      if (kind.shares(tensor)) {
        return new Shared(tensor.substring(SHARED_PREFIX.length()));
      }
      return new Other(null, "the name of a PEFT tensor starts with " + PREFIX);
    }
    String name = tensor.substring(PREFIX.length());
    Matcher part = pattern(kind).matcher(name);
    if (part.matches()) {
      return new Part(
          part.group("module"),
          part.group("part"),
          part.group("adapter") == null ? "" : part.group("adapter"));
    }
    if (name.endsWith(".bias")) {
      return new Bias();
    }
    if (name.endsWith(".base_layer.weight")) {
      return new Saved(withoutEnd(name, ".base_layer.weight"), true);
    }
    if (name.endsWith(".weight") && !NUMBERS_OF_A_METHOD.matcher(name).find()) {
      return new Saved(withoutEnd(name, ".weight"), false);
    }
    return new Other(
        name, "it is not a tensor that %s adapters are known to have".formatted(kind.title()));
  }

  private static String withoutEnd(String name, String end) {
    return name.substring(0, name.length() - end.length());
  }

  private static Pattern pattern(AdapterKind kind) {
    return Pattern.compile(
        "(?<module>.+?)\\.(?<part>%s)(\\.(?<adapter>(?!weight$|bias$)[^.]+))?(\\.weight)?"
            .formatted(String.join("|", kind.parts()).replace(".", "\\.")));
  }
}
