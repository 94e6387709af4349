package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads the kinds of adapter that are no LoRA off the tensors of a module. */
final class OtherUpdates {
  private OtherUpdates() {}

  /** LoHa. */
  static AdapterUpdate loha(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b");
    LowRankSource first =
        tensors.pair(
            config,
            tensors.matrix("hada_w1_b"),
            tensors.matrix("hada_w1_a"),
            config.scaleOf(tensors.module()));
    LowRankSource second =
        tensors.pair(config, tensors.matrix("hada_w2_b"), tensors.matrix("hada_w2_a"), 1);
    tensors.requireRank(config, first.a(), first.rank());
    tensors.requireRank(config, second.a(), second.rank());
    return new HadamardUpdate(first, second);
  }

  /** LoKr. */
  static AdapterUpdate lokr(AdapterConfig config, ModuleTensors tensors) {
    KroneckerFactors factors = KroneckerFactors.of(tensors);
    for (List<MatrixSource> product : factors.products()) {
      tensors.requireRank(config, product.get(0), product.get(0).cols());
      tensors.requireRank(config, product.get(1), product.get(1).rows());
    }
    tensors.requireExactly(factors.parts().toArray(String[]::new));
    return new KroneckerUpdate(
        tensors.baseTensor(),
        factors.first(),
        factors.second(),
        config.scaleOf(tensors.module()),
        null);
  }

  /** IA3: the shape tells which side is scaled. */
  static AdapterUpdate ia3(AdapterConfig config, ModuleTensors tensors) {
    MatrixSource scales = tensors.matrix("ia3_l");
    if ((scales.rows() == 1) == (scales.cols() == 1)) {
      throw tensors.invalid(
          scales,
          "expected one row or one column, found %dx%d".formatted(scales.rows(), scales.cols()));
    }
    return new ScaledWeight(tensors.baseTensor(), scales, scales.rows() == 1);
  }

  /** OFT. */
  static AdapterUpdate oft(AdapterConfig config, ModuleTensors tensors) {
    MatrixSource blocks = tensors.matrix("oft_R");
    int size = (int) Math.round((1 + Math.sqrt(1 + 8.0 * blocks.cols())) / 2);
    if ((long) size * (size - 1) / 2 != blocks.cols()) {
      throw tensors.invalid(
          blocks, "%d values are no triangle of a square matrix".formatted(blocks.cols()));
    }
    if (config.flag("block_share") != (blocks.rows() == 1) && blocks.rows() != 1) {
      throw tensors.invalid(blocks, "found %d blocks, but block_share".formatted(blocks.rows()));
    }
    boolean series = config.requiredFlag("use_cayley_neumann");
    return new RotatedWeight(
        tensors.baseTensor(),
        blocks,
        size,
        series ? config.wholeNumber("num_cayley_neumann_terms") : 0,
        null);
  }

  /** BOFT with one butterfly factor, the only one that PEFT offers without its CUDA extension. */
  static AdapterUpdate boft(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("boft_R", "boft_s");
    TensorInfo blocks = tensors.tensor("boft_R");
    List<Long> shape = blocks.shape();
    if (shape.size() != 4 || !shape.get(2).equals(shape.get(3))) {
      throw tensors.invalid(
          blocks, "expected square blocks by butterfly factor, found " + blocks.description());
    }
    if (shape.get(0) != 1) {
      throw ModuleTensors.unsupported(
          blocks,
          "%d butterfly factors are not supported, only one is; merge the adapter with PEFT"
                  .formatted(shape.get(0))
              + " (merge_and_unload) and analyse the merged checkpoint");
    }
    MatrixSource stacked = tensors.stacked("boft_R", shape.get(3));
    return new RotatedWeight(
        tensors.baseTensor(), stacked, stacked.cols(), 0, tensors.vector("boft_s"));
  }

  /** HRA. */
  static AdapterUpdate hra(AdapterConfig config, ModuleTensors tensors) {
    MatrixSource u = tensors.matrix("hra_u");
    tensors.requireRank(config, u, u.cols());
    return new ReflectedWeight(tensors.baseTensor(), u);
  }

  /** HiRA. */
  static AdapterUpdate hira(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("hira_A", "hira_B");
    LowRankSource factors =
        tensors.pair(config, tensors.matrix("hira_A"), tensors.matrix("hira_B"), 1);
    tensors.requireRank(config, factors.a(), factors.rank());
    return new HadamardUpdate(factors, null);
  }

  /** DeLoRA. */
  static AdapterUpdate delora(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("delora_A", "delora_B", "delora_lambda", "delora_w_norm");
    LowRankSource factors =
        tensors.pair(config, tensors.matrix("delora_A"), tensors.matrix("delora_B"), 1);
    tensors.requireRank(config, factors.a(), factors.rank());
    return new DeloraUpdate(
        factors, tensors.number("delora_lambda"), tensors.vector("delora_w_norm"));
  }

  /** SHiRA. */
  static AdapterUpdate shira(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("shira_indices", "shira_weight");
    MatrixSource places = tensors.places("shira_indices");
    MatrixSource values = tensors.vector("shira_weight");
    if (places.cols() != values.cols()) {
      throw tensors.invalid(
          places, "%d places for %d numbers".formatted(places.cols(), values.cols()));
    }
    return new SparseUpdate(tensors.baseTensor(), places, values);
  }

  /** MiSS. */
  static AdapterUpdate miss(AdapterConfig config, ModuleTensors tensors) {
    MatrixSource block = tensors.matrix("miss_block");
    tensors.requireRank(config, block, block.rows());
    return new MissUpdate(tensors.baseTensor(), block, 0);
  }

  /** VB-LoRA. */
  static AdapterUpdate vblora(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("vblora_logits_A", "vblora_logits_B");
    MatrixSource bank = tensors.matrix("vblora_vector_bank");
    int rank = config.rankOf(tensors.module());
    int k = config.wholeNumber("topk");
    requireShape(tensors, "vblora_logits_A", 3, 0, rank);
    requireShape(tensors, "vblora_logits_B", 3, 1, rank);
    requireShape(tensors, "vblora_logits_A", 3, 2, bank.rows());
    requireShape(tensors, "vblora_logits_B", 3, 2, bank.rows());
    requireShape(tensors, "vblora_vector_bank", 2, 0, Math.max(k, bank.rows()));
    return new VectorBankUpdate(
        tensors.baseTensor(),
        tensors.stacked("vblora_logits_A", bank.rows()),
        tensors.stacked("vblora_logits_B", bank.rows()),
        bank,
        rank,
        k);
  }

  /** C3A. */
  static AdapterUpdate c3a(AdapterConfig config, ModuleTensors tensors) {
    TensorInfo kernels = tensors.tensor("c3a_kernel");
    requireShape(tensors, "c3a_kernel", 3, 0, null);
    MatrixSource stacked = tensors.stacked("c3a_kernel", kernels.shape().get(2));
    return new CirculantUpdate(
        tensors.baseTensor(), stacked, Math.toIntExact(kernels.shape().get(0)));
  }

  /** GraLoRA. */
  static AdapterUpdate gralora(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly("gralora_A", "gralora_B");
    int rank = config.rankOf(tensors.module());
    int k = config.wholeNumber("gralora_k");
    requireShape(tensors, "gralora_A", 3, 0, k);
    requireShape(tensors, "gralora_A", 3, 2, rank);
    requireShape(tensors, "gralora_B", 3, 0, k);
    requireShape(tensors, "gralora_B", 3, 1, rank);
    if (rank % k != 0) {
      throw tensors.invalid(
          tensors.tensor("gralora_A"), "rank %d is no multiple of gralora_k %d".formatted(rank, k));
    }
    return new GridUpdate(
        tensors.baseTensor(),
        tensors.stacked("gralora_A", rank),
        tensors.stacked("gralora_B", tensors.tensor("gralora_B").shape().get(2)),
        k,
        config.scaleOf(tensors.module()));
  }

  /** RandLoRA. */
  static AdapterUpdate randlora(AdapterConfig config, ModuleTensors tensors) {
    if (!tensors.has("randlora_A") || !tensors.has("randlora_B")) {
      throw ModuleTensors.unsupported(
          tensors.tensor("randlora_lambda"),
          "the random matrices it scales, randlora_A and randlora_B, are not in the file; save the"
              + " adapter once more with save_projection=True");
    }
    tensors.requireExactly("randlora_A", "randlora_B", "randlora_gamma", "randlora_lambda");
    MatrixSource lambda = tensors.matrix("randlora_lambda");
    MatrixSource gamma = tensors.matrix("randlora_gamma");
    int rank = config.rankOf(tensors.module());
    tensors.requireRank(config, lambda, lambda.rows());
    requireShape(tensors, "randlora_A", 3, 0, rank);
    requireShape(tensors, "randlora_A", 3, 1, 1);
    requireShape(tensors, "randlora_B", 3, 2, rank);
    List<Long> shape = tensors.tensor("randlora_B").shape();
    if (gamma.rows() != lambda.cols() || shape.get(1) < lambda.cols()) {
      throw tensors.invalid(
          lambda,
          "%d bases, but randlora_gamma has %d and randlora_B %d"
              .formatted(lambda.cols(), gamma.rows(), shape.get(1)));
    }
    return new RandomBasesUpdate(
        tensors.baseTensor(),
        tensors.stacked("randlora_A", tensors.tensor("randlora_A").shape().get(2)),
        tensors.stacked("randlora_B", Math.multiplyExact(shape.get(1), shape.get(2))),
        lambda,
        gamma,
        config.scaleOf(tensors.module()));
  }

  /**
   * @param expected size of that dimension; null for any
   */
  private static void requireShape(
      ModuleTensors tensors, String part, int dimensions, int dimension, Integer expected) {
    TensorInfo tensor = tensors.tensor(part);
    List<Long> shape = tensor.shape();
    if (shape.size() != dimensions
        || (expected != null && shape.get(dimension) != expected.longValue())) {
      throw tensors.invalid(
          tensor,
          "expected %d dimensions%s, found %s"
              .formatted(
                  dimensions,
                  expected == null ? "" : ", number %d of size %d".formatted(dimension, expected),
                  tensor.description()));
    }
  }

  /** Trained tokens on their own. */
  static AdapterUpdate tokens(AdapterConfig config, ModuleTensors tensors) {
    return tokens(tensors, "trainable_tokens_delta", config.root().path("token_indices"));
  }

  /**
   * Trained tokens.
   *
   * @param indexes a list
   */
  static AdapterUpdate tokens(ModuleTensors tensors, String part, JsonNode indexes) {
    tensors.requireExactly(part);
    MatrixSource rows = tensors.matrix(part);
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode index : indexes) {
      if (index.isInt() && index.intValue() >= 0) {
        numbers.add(index.intValue());
      }
    }
    if (numbers.isEmpty() || numbers.size() != indexes.size() || rows.rows() != numbers.size()) {
      throw tensors.invalid(
          rows,
          "%d rows, but adapter_config.json lists %d tokens for this module"
              .formatted(rows.rows(), numbers.size()));
    }
    if (Set.copyOf(numbers).size() < numbers.size()) {
      throw tensors.invalid(rows, "adapter_config.json lists a token twice for this module");
    }
    return new ReplacedRows(tensors.baseTensor(), numbers, rows);
  }
}
