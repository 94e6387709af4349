package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the kinds of adapter that kohya's trainers and LyCORIS write: one file without a config,
 * whose names have underscores in place of the modules' dots ({@code
 * lora_te_model_layers_0_self_attn_q_proj.lora_down.weight}). The shapes tell the ranks, a tensor
 * {@code alpha} beside them the scale.
 */
final class KohyaUpdates {
  /** What stands in front of a module's name: the part of a pipeline that it is in. */
  private static final Pattern PREFIX =
      Pattern.compile("(lora_(prior_)?(unet|te[1-3]?|transformer)|lycoris)_");

  private static final Pattern NAME =
      Pattern.compile(PREFIX + "[^.]+\\.(lora_(down|up|mid)|hada_|lokr_|oft_|diff|ia3)\\S*");

  /** Other names of adapters' tensors, which don't come without a config. */
  private static final Pattern FACTOR =
      Pattern.compile(
          "\\S+(\\.(lora_[ABab]|lora_(down|up)|hada_w1_a|lokr_w[12]\\S*)"
              + "|[._]lora(_linear_layer)?\\.(down|up))(\\.weight)?");

  private static final String ALPHA = "alpha";

  private KohyaUpdates() {}

  /** Whether tensors of these names are those of a kohya file. */
  static boolean areNamedSo(Collection<String> tensors) {
    return tensors.stream().anyMatch(name -> NAME.matcher(name).matches());
  }

  /** Whether tensors of these names are those of any adapter. */
  static boolean areAdapters(Collection<String> tensors) {
    return tensors.stream()
        .anyMatch(name -> NAME.matcher(name).matches() || FACTOR.matcher(name).matches());
  }

  /** What the name of a module tells: the module's own with underscores for dots. */
  static String flattened(String module) {
    Matcher prefix = PREFIX.matcher(module);
    return prefix.lookingAt() ? module.substring(prefix.end()) : module;
  }

  /** LoRA, LoHa or LoKr, by the tensors there are. */
  static AdapterUpdate of(AdapterConfig config, ModuleTensors tensors) {
    if (tensors.has("hada_w1_a") || tensors.has("hada_w1_b")) {
      return loha(config, tensors);
    }
    if (tensors.has("lokr_w1") || tensors.has("lokr_w1_a")) {
      return lokr(tensors);
    }
    tensors.requireExactly(withAlpha(tensors, "lora_down", "lora_up"));
    return scaled(config, tensors, "lora_down", "lora_up");
  }

  private static AdapterUpdate loha(AdapterConfig config, ModuleTensors tensors) {
    tensors.requireExactly(withAlpha(tensors, "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"));
    LowRankSource second =
        tensors.pair(config, tensors.matrix("hada_w2_b"), tensors.matrix("hada_w2_a"), 1);
    LowRankUpdate first = scaled(config, tensors, "hada_w1_b", "hada_w1_a");
    if (first.rank() != second.rank()) {
      throw tensors.invalid(
          second.a(),
          "rank %d, but that of hada_w1_b is %d".formatted(second.rank(), first.rank()));
    }
    return new HadamardUpdate(first, second);
  }

  /** Where neither factor has a rank, LyCORIS does not scale whatever alpha is. */
  private static AdapterUpdate lokr(ModuleTensors tensors) {
    KroneckerFactors factors = KroneckerFactors.of(tensors);
    int rank = 0;
    for (List<MatrixSource> product : factors.products()) {
      int found = product.get(0).cols();
      if (found != product.get(1).rows() || (rank != 0 && rank != found)) {
        throw tensors.invalid(
            product.get(1),
            "rank %d, but that of the others is %d"
                .formatted(product.get(1).rows(), rank == 0 ? found : rank));
      }
      rank = found;
    }
    tensors.requireExactly(withAlpha(tensors, factors.parts().toArray(String[]::new)));
    boolean scaled = rank > 0 && tensors.has(ALPHA);
    return new KroneckerUpdate(
        tensors.baseTensor(),
        factors.first(),
        factors.second(),
        scaled ? 1.0 / rank : 1,
        scaled ? tensors.number(ALPHA) : null);
  }

  private static String[] withAlpha(ModuleTensors tensors, String... parts) {
    List<String> all = new ArrayList<>(List.of(parts));
    if (tensors.has(ALPHA)) {
      all.add(ALPHA);
    }
    return all.toArray(String[]::new);
  }

  /** b · a, times alpha / rank; without an alpha that is 1. */
  private static LowRankUpdate scaled(
      AdapterConfig config, ModuleTensors tensors, String a, String b) {
    MatrixSource first = tensors.matrix(a);
    if (!tensors.has(ALPHA)) {
      return tensors.pair(config, first, tensors.matrix(b), 1);
    }
    if (first.rows() == 0) {
      throw tensors.invalid(first, "rank 0");
    }
    LowRankSource lora = tensors.pair(config, first, tensors.matrix(b), 1.0 / first.rows());
    return new ScaledLora(lora, tensors.number(ALPHA), ScaledLora.By.ALPHA);
  }
}
