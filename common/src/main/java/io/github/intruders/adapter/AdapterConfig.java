package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What an {@code adapter_config.json} says about the size of the updates. Every field of the file
 * is either understood, or known not to matter, or has a value that switches it off; otherwise the
 * adapter is refused.
 *
 * @param file URI of the config
 * @param kind of adapter
 * @param root the whole file
 * @param rank 0 for a kind that has none
 * @param alpha 0 for a kind that has none; the scale itself for MLX
 * @param rankStabilised whether the scale is alpha / √rank instead of alpha / rank
 * @param fanInFanOut whether the base stores its weights as (inputs, outputs)
 */
record AdapterConfig(
    String file,
    AdapterKind kind,
    JsonNode root,
    int rank,
    double alpha,
    boolean rankStabilised,
    boolean fanInFanOut,
    ModulePatterns ranks,
    ModulePatterns alphas) {

  /** Fields of every kind that choose what is trained, or are about training and loading. */
  private static final Set<String> COMMON =
      Set.of(
          "peft_type",
          // the tensors in the file tell what was trained
          "exclude_modules",
          "layers_pattern",
          "layers_to_transform",
          "modules_to_save",
          "target_modules",
          // these leave the update as it is
          "auto_mapping",
          "base_model_name_or_path",
          "inference_mode",
          "peft_version",
          "revision",
          "task_type");

  /** Makes the update of one layer that of another, too, if the model has tied layers. */
  private static final String TIED = "ensure_weight_tying";

  private static final String MERGE_FIRST =
      "; merge the adapter with PEFT (merge_and_unload) and analyse the merged checkpoint";

  private static final Map<String, String> REASONS =
      Map.ofEntries(
          Map.entry(
              "alora_invocation_tokens",
              "the update acts on some tokens only, so that there is no one tuned weight"),
          Map.entry(
              "arrow_config",
              "it mixes several adapters by the input; analyse each of them on its own"),
          Map.entry(
              "layer_replication", "the tuned model has layers that the base lacks" + MERGE_FIRST),
          Map.entry("apply_GS", "reflections that are made orthogonal first" + MERGE_FIRST),
          Map.entry("coft", "PEFT shrinks the rotations when it loads them" + MERGE_FIRST),
          Map.entry("fan_in_fan_out", "PEFT does not turn the weights for this kind" + MERGE_FIRST),
          Map.entry(
              "megatron_config", "Megatron's parallel layers are split differently" + MERGE_FIRST),
          Map.entry("monteclora_config", "the update is random" + MERGE_FIRST),
          Map.entry("use_bdlora", "block-diagonal factors are laid out differently" + MERGE_FIRST),
          Map.entry("use_qalora", "QA-LoRA pools the inputs of its factors, on a quantised base"));

  private static final int MAX_SHOWN = 80;
  private static final Pattern IN_A_LAYER = Pattern.compile("(^|\\.)\\d+(\\.|$)");

  /**
   * Understands a config.
   *
   * @throws UserInputException with code {@code ADAPTER_CONFIG_INVALID} for a field of the wrong
   *     type, {@code ADAPTER_UNSUPPORTED} for a kind of adapter or an option that is not supported
   */
  static AdapterConfig parse(String file, JsonNode root) {
    if (Adapter.isMlx(root)) {
      return parseMlx(file, root);
    }
    AdapterKind kind = kind(file, root.path("peft_type"));
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      requireSupported(file, kind, field.getKey(), field.getValue());
    }
    requireInitialisation(file, kind, root);
    int rank = kind.rankField().map(field -> rank(file, field, root.path(field))).orElse(0);
    double alpha = kind.alphaField().map(field -> alpha(file, field, root.path(field))).orElse(0.0);
    Map<String, Double> ranks = new LinkedHashMap<>();
    if (kind.hasRankPattern()) {
      for (Map.Entry<String, JsonNode> entry : pattern(file, root, "rank_pattern").entrySet()) {
        String name = "rank_pattern \"%s\"".formatted(entry.getKey());
        ranks.put(entry.getKey(), (double) rank(file, name, entry.getValue()));
      }
    }
    Map<String, Double> alphas = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : pattern(file, root, "alpha_pattern").entrySet()) {
      String name = "alpha_pattern \"%s\"".formatted(entry.getKey());
      alphas.put(entry.getKey(), alpha(file, name, entry.getValue()));
    }
    AdapterConfig config =
        new AdapterConfig(
            file,
            kind,
            root,
            rank,
            alpha,
            flag(file, root, "use_rslora"),
            flag(file, root, "fan_in_fan_out"),
            new ModulePatterns(file, "rank_pattern", ranks),
            new ModulePatterns(file, "alpha_pattern", alphas));
    for (String field : List.of("use_dora", "lora_bias", TIED)) {
      config.flag(field);
    }
    return config;
  }

  /**
   * What mlx-lm writes: all settings of its training, of which {@code lora_parameters} alone say
   * what the update is.
   */
  private static AdapterConfig parseMlx(String file, JsonNode root) {
    JsonNode type = root.path("fine_tune_type");
    if (!type.asText().equals("lora")) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_UNSUPPORTED,
          file,
          "fine_tune_type = %s is not supported: only \"lora\" is; fuse the adapter with mlx_lm.fuse"
                  .formatted(shown(type))
              + " and analyse the fused checkpoint");
    }
    JsonNode parameters = root.path("lora_parameters");
    for (Map.Entry<String, JsonNode> field : parameters.properties()) {
      if (!Set.of("rank", "scale", "dropout", "keys").contains(field.getKey())) {
        throw UserInputException.inFile(
            RejectCode.ADAPTER_UNSUPPORTED,
            file,
            "lora_parameters.%s = %s is not supported: it is not known here, so it may change what"
                    .formatted(field.getKey(), shown(field.getValue()))
                + " the update is");
      }
    }
    return new AdapterConfig(
        file,
        AdapterKind.MLX,
        root,
        rank(file, "lora_parameters.rank", parameters.path("rank")),
        alpha(file, "lora_parameters.scale", parameters.path("scale")),
        false,
        false,
        new ModulePatterns(file, "rank_pattern", Map.of()),
        new ModulePatterns(file, "alpha_pattern", Map.of()));
  }

  /** That of a kohya file, which has none. */
  static AdapterConfig none(String file) {
    return new AdapterConfig(
        file,
        AdapterKind.KOHYA,
        JsonNodeFactory.instance.objectNode(),
        0,
        0,
        false,
        false,
        new ModulePatterns(file, "rank_pattern", Map.of()),
        new ModulePatterns(file, "alpha_pattern", Map.of()));
  }

  /** A field that is true or false; false where it is missing or null. */
  boolean flag(String field) {
    return flag(file, root, field);
  }

  /**
   * Refuses a module that the model may have tied to another one: those outside the layers, which
   * are embeddings and heads.
   *
   * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED}
   */
  void requireUntied(String module, String tensor, String tensorFile) {
    if (flag(TIED) && !IN_A_LAYER.matcher(module).find()) {
      throw UserInputException.inTensor(
          RejectCode.ADAPTER_UNSUPPORTED,
          tensorFile,
          tensor,
          "with ensure_weight_tying the update of this layer is that of a tied one, too"
              + MERGE_FIRST);
    }
  }

  /** A field that must be there, true or false, since its default has changed over time. */
  boolean requiredFlag(String field) {
    if (!root.path(field).isBoolean()) {
      throw invalid(file, field, "must be true or false", root.path(field));
    }
    return root.path(field).booleanValue();
  }

  /** A field that must be there, from 1 on. */
  int wholeNumber(String field) {
    return rank(file, field, root.path(field));
  }

  /** Whether the base was changed by this initialisation, in lower case, before training. */
  boolean startedBy(String initialisation) {
    return root.path("init_lora_weights").asText().equals(initialisation);
  }

  /** The rank of a module's update. */
  int rankOf(String module) {
    return ranks.valueFor(module).map(Double::intValue).orElse(rank);
  }

  /** The factor of a module's update, after PEFT's {@code scaling}. */
  double scaleOf(String module) {
    double moduleAlpha = alphas.valueFor(module).orElse(alpha);
    int moduleRank = rankOf(module);
    return moduleAlpha / (rankStabilised ? Math.sqrt(moduleRank) : moduleRank);
  }

  /** Where {@link #scaleOf} finds it. */
  ScaleOrigin scaleOrigin(String module) {
    if (alphas.valueFor(module).isPresent() || ranks.valueFor(module).isPresent()) {
      return ScaleOrigin.PATTERN;
    }
    return kind == AdapterKind.MLX || kind.alphaField().isPresent()
        ? ScaleOrigin.CONFIG
        : ScaleOrigin.NONE;
  }

  private static AdapterKind kind(String file, JsonNode type) {
    if (!type.isTextual()) {
      throw invalid(file, "peft_type", "must name the kind of adapter", type);
    }
    return AdapterKind.named(type.textValue())
        .orElseThrow(
            () ->
                UserInputException.inFile(
                    RejectCode.ADAPTER_UNSUPPORTED,
                    file,
                    "peft_type = %s is not supported: %s"
                        .formatted(shown(type), AdapterKind.refusal(type.textValue()))));
  }

  private static void requireSupported(
      String file, AdapterKind kind, String field, JsonNode value) {
    boolean known = COMMON.contains(field) || kind.understands(field);
    boolean off =
        !AdapterKind.isSet(value)
            || (field.equals("bias") && value.asText().equals("none"))
            || (field.equals("hybrid_r") && value.asInt(-1) == 0);
    if (!known && !off) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_UNSUPPORTED,
          file,
          "%s = %s is not supported: %s"
              .formatted(
                  field,
                  shown(value),
                  REASONS.getOrDefault(
                      field, "it is not known here, so it may change what the update is")));
    }
  }

  /** Initialisations of LoRA that change the base, too, and how each is dealt with. */
  private static void requireInitialisation(String file, AdapterKind kind, JsonNode root) {
    JsonNode way = root.path("init_weights");
    if (kind == AdapterKind.MISS && AdapterKind.isSet(way) && !way.isBoolean()) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_UNSUPPORTED,
          file,
          "init_weights = %s is not supported: only the default way of MiSS is%s"
              .formatted(shown(way), MERGE_FIRST));
    }
    JsonNode init = root.path("init_lora_weights");
    if (kind != AdapterKind.LORA || init.isMissingNode() || init.isNull() || init.isBoolean()) {
      return;
    }
    String name = init.isTextual() ? init.textValue().toLowerCase(Locale.ROOT) : "";
    String reason;
    if (Set.of("gaussian", "eva", "orthogonal", "mica").contains(name)
        || Set.of("pissa", "olora").contains(init.asText())) {
      return;
    } else if (name.startsWith("pissa")
        || name.startsWith("corda")
        || Set.of("olora", "lora_ga").contains(name)) {
      reason =
          "it changed the base weights before training; save the adapter once more with"
              + " save_pretrained(..., path_initial_model_for_weight_conversion=...), which makes"
              + " an ordinary LoRA adapter of it";
    } else if (name.equals("loftq")) {
      reason = "the adapter makes up for the quantisation of its base, so it does not fit the base";
    } else {
      reason = "it is not known here, so it may have changed the base weights";
    }
    throw UserInputException.inFile(
        RejectCode.ADAPTER_UNSUPPORTED,
        file,
        "init_lora_weights = %s is not supported: %s".formatted(shown(init), reason));
  }

  private static int rank(String file, String name, JsonNode value) {
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      throw invalid(file, name, "must be a whole number from 1 on", value);
    }
    return value.intValue();
  }

  private static double alpha(String file, String name, JsonNode value) {
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw invalid(file, name, "must be a number", value);
    }
    return value.doubleValue();
  }

  private static boolean flag(String file, JsonNode root, String field) {
    JsonNode value = root.path(field);
    if (!AdapterKind.isSet(value)) {
      return false;
    }
    if (!value.isBoolean()) {
      throw invalid(file, field, "must be true or false", value);
    }
    return value.booleanValue();
  }

  /** The entries of a pattern in the file's order; none where the field is missing or null. */
  private static Map<String, JsonNode> pattern(String file, JsonNode root, String field) {
    JsonNode value = root.path(field);
    Map<String, JsonNode> entries = new LinkedHashMap<>();
    if (value.isObject()) {
      value.properties().forEach(entry -> entries.put(entry.getKey(), entry.getValue()));
    } else if (!value.isMissingNode() && !value.isNull()) {
      throw invalid(file, field, "must be an object", value);
    }
    return entries;
  }

  private static UserInputException invalid(
      String file, String field, String expected, JsonNode found) {
    return UserInputException.inFile(
        RejectCode.ADAPTER_CONFIG_INVALID,
        file,
        "%s %s, found %s"
            .formatted(field, expected, found.isMissingNode() ? "nothing" : shown(found)));
  }

  private static String shown(JsonNode value) {
    return Excerpt.of(value.toString(), MAX_SHOWN);
  }
}
