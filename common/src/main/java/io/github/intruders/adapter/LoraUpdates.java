package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads LoRA and its closest relatives off the tensors of a module. */
final class LoraUpdates {
  private static final double ADALORA_GUARD = 1e-5;

  /** Modules that have parameters which are stacks of weights, rather than one weight. */
  private static final Pattern EXPERTS = Pattern.compile("(^|\\.)\\w*experts?$");

  private LoraUpdates() {}

  /** LoRA on a linear layer or an embedding, DoRA. */
  static AdapterUpdate of(AdapterConfig config, ModuleTensors tensors) {
    if (tensors.has("lora_embedding_A") || tensors.has("lora_embedding_B")) {
      return embedding(config, tensors);
    }
    String tokens = "token_adapter.trainable_tokens_delta";
    if (tensors.has(tokens)) {
      return OtherUpdates.tokens(tensors, tokens, tokenIndexes(config, tensors.module()));
    }
    LowRankSource lora = linear(config, tensors);
    boolean dora = config.flag("use_dora");
    boolean kasa = AdapterKind.isSet(config.root().path("kasa_config"));
    boolean pissa = config.startedBy("pissa");
    boolean olora = config.startedBy("olora");
    if (Stream.of(dora, kasa, pissa, olora).filter(option -> option).count() > 1) {
      throw ModuleTensors.unsupported(
          tensors.tensor("lora_A"),
          "only one of DoRA, KaSA, PiSSA and OLoRA is supported at a time; merge the adapter with"
              + " PEFT (merge_and_unload) and analyse the merged checkpoint");
    }
    if (dora) {
      tensors.requireExactly("lora_A", "lora_B", "lora_magnitude_vector");
      return new DoraUpdate(lora, tensors.vector("lora_magnitude_vector"));
    }
    if (kasa) {
      tensors.requireExactly("lora_A", "lora_B", "lora_diag");
      return new MinusPrincipal(diagonal(tensors, lora, "lora_diag"), MinusPrincipal.Part.SMALLEST);
    }
    tensors.requireExactly("lora_A", "lora_B");
    if (pissa) {
      return new MinusPrincipal(lora, MinusPrincipal.Part.LARGEST);
    }
    if (olora && config.fanInFanOut()) {
      throw ModuleTensors.unsupported(
          tensors.tensor("lora_A"),
          "OLoRA on a layer that stores (inputs, outputs) is not supported, since PEFT decomposes"
              + " the weight as it is stored");
    }
    return olora ? new MinusPrincipal(lora, MinusPrincipal.Part.QR) : lora;
  }

  /** A list for the embedding, or lists by the end of the modules' names. */
  private static JsonNode tokenIndexes(AdapterConfig config, String module) {
    JsonNode indexes = config.root().path("trainable_token_indices");
    for (Map.Entry<String, JsonNode> entry : indexes.properties()) {
      if (module.equals(entry.getKey()) || module.endsWith("." + entry.getKey())) {
        return entry.getValue();
      }
    }
    return indexes;
  }

  private static ScaledLora diagonal(ModuleTensors tensors, LowRankSource lora, String part) {
    MatrixSource diagonal = tensors.vector(part);
    if (diagonal.cols() != lora.rank()) {
      throw tensors.invalid(
          diagonal, "expected %d values, found %d".formatted(lora.rank(), diagonal.cols()));
    }
    return new ScaledLora(lora, diagonal, ScaledLora.By.RANK);
  }

  /** What tensors of LoRA on a parameter are read by. */
  private record Way(int rank, double scale) {}

  /**
   * LoRA on a parameter, if the config targets one of this module. Rank and scale go by the
   * parameter's name, so where several are targeted and these differ, each is one way to read the
   * tensors, of which the base's shapes leave one.
   */
  static List<ParameterLora> parameter(AdapterConfig config, ModuleTensors tensors) {
    String module = tensors.module().replaceFirst("(\\.base_layer)+$", "");
    Map<Way, List<String>> targets = new LinkedHashMap<>();
    for (JsonNode target : config.root().path("target_parameters")) {
      String name = target.asText();
      String parameter = name.substring(name.lastIndexOf('.') + 1);
      String whole = module + "." + parameter;
      boolean named = whole.equals(name) || whole.endsWith("." + name);
      if (named && (name.contains(".") || EXPERTS.matcher(module).find())) {
        targets
            .computeIfAbsent(
                new Way(config.rankOf(whole), config.scaleOf(whole)), unseen -> new ArrayList<>())
            .add(parameter);
      }
    }
    if (targets.isEmpty()) {
      return List.of();
    }
    tensors.requireExactly("lora_A", "lora_B");
    MatrixSource a = tensors.matrix("lora_A");
    MatrixSource b = tensors.matrix("lora_B");
    List<ParameterLora> ways = new ArrayList<>();
    targets.forEach(
        (way, names) -> {
          if (a.rows() == b.cols() && a.rows() % way.rank() == 0) {
            ways.add(new ParameterLora(module, names, a, b, way.rank(), way.scale()));
          }
        });
    if (ways.isEmpty()) {
      throw tensors.invalid(
          a,
          "expected as many rows as B has columns, a multiple of the rank %d; found A %dx%d and B"
                  .formatted(targets.keySet().iterator().next().rank(), a.rows(), a.cols())
              + " %dx%d".formatted(b.rows(), b.cols()));
    }
    return ways;
  }

  private static LowRankSource linear(AdapterConfig config, ModuleTensors tensors) {
    tensors.tensor("lora_A");
    tensors.tensor("lora_B");
    MatrixSource a = tensors.matrix("lora_A");
    MatrixSource b = tensors.matrix("lora_B");
    LowRankSource lora = tensors.pair(config, a, b, config.scaleOf(tensors.module()));
    tensors.requireRank(config, a, a.rows());
    return lora;
  }

  /** The weight is (tokens, width): the product's transpose. */
  private static AdapterUpdate embedding(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("lora_embedding_A", "lora_embedding_B");
    if (config.flag("use_dora")) {
      throw ModuleTensors.unsupported(
          tensors.tensor("lora_embedding_A"),
          "DoRA on an embedding is not supported; merge the adapter with PEFT (merge_and_unload)"
              + " and analyse the merged checkpoint");
    }
    MatrixSource a = tensors.transposed("lora_embedding_B");
    LowRankSource lora =
        tensors.pair(
            config, a, tensors.transposed("lora_embedding_A"), config.scaleOf(tensors.module()));
    tensors.requireRank(config, a, a.rows());
    return lora;
  }

  /** AdaLoRA; its ranks differ by module after pruning, and the shapes tell them. */
  static AdapterUpdate adaptive(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("lora_A", "lora_B", "lora_E");
    double alpha = config.alpha() > 0 ? config.alpha() : config.rank();
    LowRankSource lora =
        tensors.pair(
            config,
            tensors.matrix("lora_A"),
            tensors.matrix("lora_B"),
            alpha / (config.rank() + ADALORA_GUARD));
    return diagonal(tensors, lora, "lora_E");
  }

  /** MLX, which holds both factors transposed (mlx-lm's {@code tuner/lora.py}). */
  static AdapterUpdate mlx(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("lora_a", "lora_b");
    MatrixSource a = tensors.transposed("lora_a");
    LowRankSource lora = tensors.pair(config, a, tensors.transposed("lora_b"), config.alpha());
    tensors.requireRank(config, a, a.rows());
    return lora;
  }

  /** VeRA. */
  static AdapterUpdate shared(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("vera_lambda_b", "vera_lambda_d");
    if (!tensors.has("vera_A") || !tensors.has("vera_B")) {
      throw UserInputException.inTensor(
          RejectCode.ADAPTER_UNSUPPORTED,
          tensors.tensor("vera_lambda_b").file(),
          tensors.tensor("vera_lambda_b").name(),
          "the random matrices it scales, vera_A and vera_B, are not in the file; save the adapter"
              + " once more with save_projection=True");
    }
    MatrixSource a = tensors.matrix("vera_A");
    MatrixSource b = tensors.matrix("vera_B");
    MatrixSource inner = tensors.vector("vera_lambda_d");
    if (a.rows() != inner.cols() || b.cols() != inner.cols()) {
      throw tensors.invalid(
          inner,
          "rank %d, but the ranks of vera_A and vera_B are %d and %d"
              .formatted(inner.cols(), a.rows(), b.cols()));
    }
    tensors.requireRank(config, inner, inner.cols());
    return new VeraUpdate(tensors.baseTensor(), a, b, tensors.vector("vera_lambda_b"), inner, 0);
  }
}
