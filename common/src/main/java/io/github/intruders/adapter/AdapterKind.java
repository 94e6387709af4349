package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The kinds of adapter that are understood; PEFT's are named as in {@code peft_type}. */
@SuppressWarnings(
    "ImmutableEnumChecker") // the collections are unmodifiable, the readings stateless
enum AdapterKind {
  LORA(
      "LoRA",
      List.of(
          "lora_A",
          "lora_B",
          "lora_magnitude_vector",
          "lora_diag",
          "lora_embedding_A",
          "lora_embedding_B",
          "token_adapter.trainable_tokens_delta"),
      Set.of(
          "bias",
          "fan_in_fan_out",
          "init_lora_weights",
          "kasa_config",
          "lora_alpha",
          "lora_bias",
          "r",
          "rank_pattern",
          "alpha_pattern",
          "target_parameters",
          "trainable_token_indices",
          "use_dora",
          "use_rslora",
          // its tensors are looked at one by one
          "ensure_weight_tying",
          // about training, loading and initialisation; some are of older or other writers
          "merge_weights",
          "velora_config",
          "lora_dtype",
          "lorap_emb_lr",
          "lorap_lr_ratio",
          "corda_config",
          "eva_config",
          "loftq_config",
          "lora_dropout",
          "lora_ga_config",
          "megatron_core",
          "qalora_group_size",
          "runtime_config"),
      LoraUpdates::of),
  ADALORA(
      "AdaLoRA",
      List.of("lora_A", "lora_B", "lora_E"),
      Set.of(
          "bias",
          "fan_in_fan_out",
          "init_r",
          "lora_alpha",
          "rank_pattern",
          "ensure_weight_tying",
          // about training and initialisation
          "merge_weights",
          "beta1",
          "beta2",
          "deltaT",
          "init_lora_weights",
          "lora_dropout",
          "megatron_core",
          "orth_reg_weight",
          "qalora_group_size",
          "r",
          "runtime_config",
          "target_r",
          "tfinal",
          "tinit",
          "total_step"),
      LoraUpdates::adaptive),
  VERA(
      "VeRA",
      List.of("vera_lambda_b", "vera_lambda_d"),
      Set.of(
          "bias",
          "fan_in_fan_out",
          "r",
          "d_initial",
          "init_weights",
          "projection_prng_key",
          "save_projection",
          "vera_dropout"),
      LoraUpdates::shared),
  LOHA(
      "LoHa",
      List.of("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2"),
      Set.of(
          "r",
          "alpha",
          "rank_pattern",
          "alpha_pattern",
          "init_weights",
          "module_dropout",
          "rank_dropout",
          "use_effective_conv2d"),
      OtherUpdates::loha),
  LOKR(
      "LoKr",
      List.of("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2"),
      Set.of(
          "r",
          "alpha",
          "rank_pattern",
          "alpha_pattern",
          "decompose_both",
          "decompose_factor",
          "init_weights",
          "module_dropout",
          "rank_dropout",
          "rank_dropout_scale",
          "use_effective_conv2d"),
      OtherUpdates::lokr),
  IA3(
      "IA3",
      List.of("ia3_l"),
      Set.of("fan_in_fan_out", "feedforward_modules", "init_ia3_weights"),
      OtherUpdates::ia3),
  OFT(
      "OFT",
      List.of("oft_R"),
      Set.of(
          "bias",
          "block_share",
          "num_cayley_neumann_terms",
          "use_cayley_neumann",
          "eps",
          "init_weights",
          "module_dropout",
          "oft_block_size",
          "r"),
      OtherUpdates::oft),
  BOFT(
      "BOFT",
      List.of("boft_R", "boft_s"),
      Set.of(
          "bias",
          "boft_block_num",
          "boft_block_size",
          "boft_dropout",
          "boft_n_butterfly_factor",
          "init_weights"),
      OtherUpdates::boft),
  HRA("HRA", List.of("hra_u"), Set.of("bias", "r", "init_weights"), OtherUpdates::hra),
  HIRA(
      "HiRA",
      List.of("hira_A", "hira_B"),
      Set.of("fan_in_fan_out", "r", "rank_pattern", "hira_dropout", "init_weights"),
      OtherUpdates::hira),
  MISS(
      "MiSS",
      List.of("miss_block"),
      Set.of("bias", "r", "init_weights", "mini_r", "miss_dropout"),
      OtherUpdates::miss),
  C3A(
      "C3A",
      List.of("c3a_kernel"),
      Set.of("bias", "block_size", "block_size_pattern", "init_weights"),
      OtherUpdates::c3a),
  GRALORA(
      "GraLoRA",
      List.of("gralora_A", "gralora_B"),
      Set.of(
          "alpha", "bias", "fan_in_fan_out", "gralora_k", "r", "gralora_dropout", "init_weights"),
      OtherUpdates::gralora),
  DELORA(
      "DeLoRA",
      List.of("delora_A", "delora_B", "delora_lambda", "delora_w_norm"),
      Set.of(
          "bias",
          "r",
          "rank_pattern",
          "delora_lambda",
          "init_weights",
          "lambda_pattern",
          "module_dropout"),
      OtherUpdates::delora),
  VBLORA(
      "VB-LoRA",
      List.of("vblora_logits_A", "vblora_logits_B"),
      Set.of(
          "bias",
          "fan_in_fan_out",
          "r",
          "topk",
          "init_logits_std",
          "init_vector_bank_bound",
          "num_vectors",
          "vblora_dropout",
          "vector_length"),
      OtherUpdates::vblora),
  RANDLORA(
      "RandLoRA",
      List.of("randlora_A", "randlora_B", "randlora_lambda", "randlora_gamma"),
      Set.of(
          "bias",
          "fan_in_fan_out",
          "r",
          "randlora_alpha",
          "init_weights",
          "projection_prng_key",
          "randlora_dropout",
          "save_projection",
          "sparse",
          "very_sparse"),
      OtherUpdates::randlora),
  SHIRA(
      "SHiRA",
      List.of("shira_indices", "shira_weight"),
      Set.of("init_weights", "mask_type", "r", "random_seed"), // the places tell the rest
      OtherUpdates::shira),
  TRAINABLE_TOKENS(
      "trained tokens",
      List.of("token_adapter.trainable_tokens_delta", "trainable_tokens_delta"),
      Set.of("token_indices", "init_weights"),
      OtherUpdates::tokens),
  /** Not one of PEFT's: what mlx-lm writes. */
  MLX("MLX LoRA", List.of("lora_a", "lora_b"), Set.of(), LoraUpdates::mlx),
  /** Not one of PEFT's: what kohya's trainers and LyCORIS write. */
  KOHYA(
      "kohya",
      List.of(
          "lora_down",
          "lora_up",
          "hada_w1_a",
          "hada_w1_b",
          "hada_w2_a",
          "hada_w2_b",
          "lokr_w1",
          "lokr_w1_a",
          "lokr_w1_b",
          "lokr_w2",
          "lokr_w2_a",
          "lokr_w2_b",
          "alpha"),
      Set.of(),
      KohyaUpdates::of);

  /** Makes a module's update of its tensors. */
  @FunctionalInterface
  interface Reading {
    /** Throws UserInputException if the tensors don't belong together or don't fit the config. */
    AdapterUpdate of(AdapterConfig config, ModuleTensors tensors);
  }

  private static final String MERGE_FIRST =
      "; merge the adapter with PEFT (merge_and_unload, save_pretrained) and analyse the merged"
          + " checkpoint";
  private static final String NO_WEIGHTS =
      "it changes no weight of the base, so that there is nothing to analyse";

  /** Why other kinds are refused, and what can be done instead. */
  private static final Map<String, String> REFUSED =
      Map.ofEntries(
          Map.entry(
              "FOURIERFT",
              "where its frequencies lie is drawn by PyTorch's generator" + MERGE_FIRST),
          Map.entry(
              "WAVEFT", "where its coefficients lie is drawn by PyTorch's generator" + MERGE_FIRST),
          Map.entry(
              "XLORA",
              "it mixes several adapters by the input, so that there is no one tuned weight; analyse"
                  + " each of its adapters on its own"),
          Map.entry("POLY", "it mixes several adapters by the task" + MERGE_FIRST),
          Map.entry("PROMPT_TUNING", NO_WEIGHTS),
          Map.entry("MULTITASK_PROMPT_TUNING", NO_WEIGHTS),
          Map.entry("P_TUNING", NO_WEIGHTS),
          Map.entry("PREFIX_TUNING", NO_WEIGHTS),
          Map.entry("ADAPTION_PROMPT", NO_WEIGHTS),
          Map.entry("CPT", NO_WEIGHTS),
          Map.entry("CARTRIDGE", NO_WEIGHTS),
          Map.entry("LN_TUNING", "it tunes norms, which are no matrices"));

  private final String title;
  private final List<String> parts;
  private final Set<String> fields;
  private final Reading reading;

  AdapterKind(String title, List<String> parts, Set<String> fields, Reading reading) {
    this.title = title;
    this.parts = parts;
    this.fields = fields;
    this.reading = reading;
  }

  /** The kind of this {@code peft_type}, if it is supported. */
  static Optional<AdapterKind> named(String peftType) {
    return ofPeft().filter(kind -> kind.name().equals(peftType)).findFirst();
  }

  private static Stream<AdapterKind> ofPeft() {
    return Arrays.stream(values()).filter(kind -> kind != MLX && kind != KOHYA);
  }

  /** Why this {@code peft_type} is not supported, and what to do. */
  static String refusal(String peftType) {
    String supported = ofPeft().map(Enum::name).collect(Collectors.joining(", "));
    return REFUSED.getOrDefault(peftType, "expected one of %s%s".formatted(supported, MERGE_FIRST));
  }

  /** As people write it. */
  String title() {
    return title;
  }

  /** The last parts of the names of its tensors, without {@code .weight}. */
  List<String> parts() {
    return parts;
  }

  /** Whether a tensor of this name is part of the updates of all modules. */
  boolean shares(String tensor) {
    return switch (this) {
      case VERA -> tensor.matches("base_model\\.vera_[AB]");
      case RANDLORA -> tensor.matches("base_model\\.randlora_[AB]");
      case VBLORA -> tensor.equals("base_model.vblora_vector_bank");
      default -> false;
    };
  }

  /** Whether a field of the config is read, or known not to matter, beside the common ones. */
  boolean understands(String field) {
    return fields.contains(field);
  }

  /** The field with the rank, if the updates depend on it. */
  Optional<String> rankField() {
    return this == OFT
        ? Optional.empty() // the shapes tell
        : Optional.of(this == ADALORA ? "init_r" : "r").filter(fields::contains);
  }

  /** The field with alpha, if there is one. */
  Optional<String> alphaField() {
    return Stream.of("lora_alpha", "alpha", "randlora_alpha").filter(fields::contains).findFirst();
  }

  /** Whether {@code rank_pattern} holds ranks; AdaLoRA's holds masks, which the shapes tell. */
  boolean hasRankPattern() {
    return this != ADALORA && fields.contains("rank_pattern");
  }

  /** Makes a module's update. */
  AdapterUpdate read(AdapterConfig config, ModuleTensors tensors) {
    return reading.of(config, tensors);
  }

  /** Whether a field is there and not switched off: not null, false or empty. */
  static boolean isSet(JsonNode value) {
    return !(value.isMissingNode()
        || value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty()));
  }
}
