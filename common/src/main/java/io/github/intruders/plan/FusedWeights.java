package io.github.intruders.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Linear layers that hold several others below each other: queries, keys and values in one, or the
 * gate and the upward projection of an MLP. Which rows belong to which part depends on the model;
 * only those are known here whose code takes one block of rows for each part, in this order. Models
 * that interleave the heads, as GPT-NeoX, Falcon and BLOOM do in {@code query_key_value}, are
 * refused.
 */
final class FusedWeights {
  private static final Pattern FUSED =
      Pattern.compile(
          "(^|\\.)(?<layer>qkv_proj|c_attn|query_key_value|W_pack|Wqkv|gate_up_proj)(\\.weight)?$");

  /** Model types whose parts stand below each other: q, k, v by heads. */
  private static final Map<String, Set<String>> ATTENTION_BY_HEADS =
      Map.of("qkv_proj", Set.of("phi3"));

  /** The same, in three equal parts. */
  private static final Map<String, Set<String>> ATTENTION_IN_THIRDS =
      Map.of(
          "c_attn", Set.of("gpt2", "imagegpt", "decision_transformer", "qwen"),
          "W_pack", Set.of("baichuan"));

  /** The same for gate and up, in halves. */
  private static final Set<String> GATE_UP_IN_HALVES = Set.of("phi3", "glm", "glm4");

  private static final List<String> ATTENTION = List.of("q", "k", "v");
  private static final List<String> MLP = List.of("gate", "up");

  private final Checkpoint base;

  FusedWeights(Checkpoint base) {
    this.base = base;
  }

  /**
   * The parts of a fused matrix of the base, or the matrix itself if it is not fused.
   *
   * @throws UserInputException with code {@code FORMAT_UNSUPPORTED} if the layout is not known
   */
  List<MatrixSource> split(MatrixSource matrix) {
    Matcher fused = FUSED.matcher(matrix.matrix().replaceFirst("\\[\\d+]$", ""));
    if (!fused.find()) {
      return List.of(matrix);
    }
    String layer = fused.group("layer");
    String model = base.modelType().orElse("");
    boolean stacked = matrix.matrix().endsWith("]");
    if (!stacked && ATTENTION_BY_HEADS.getOrDefault(layer, Set.of()).contains(model)) {
      int heads = setting(matrix, "num_attention_heads").orElseThrow(() -> noHeads(matrix));
      int keyHeads = setting(matrix, "num_key_value_heads").orElse(heads);
      Optional<Integer> given = setting(matrix, "head_dim");
      int headRows = matrix.rows() / Math.max(1, heads + 2 * keyHeads);
      if (given.isPresent() && given.get() != headRows) {
        throw unsuitable(matrix, heads, keyHeads);
      }
      if ((long) headRows * (heads + 2L * keyHeads) != matrix.rows()) {
        throw unsuitable(matrix, heads, keyHeads);
      }
      int queryRows = headRows * heads;
      int keyRows = headRows * keyHeads;
      return parts(matrix, ATTENTION, List.of(queryRows, keyRows, keyRows));
    }
    if (!stacked && ATTENTION_IN_THIRDS.getOrDefault(layer, Set.of()).contains(model)) {
      if (matrix.rows() != 3L * matrix.cols()) { // cross-attention has no queries in it
        throw UserInputException.inTensor(
            RejectCode.SHAPE_MISMATCH,
            matrix.file(),
            matrix.matrix(),
            "%d rows are not queries, keys and values of %d inputs"
                .formatted(matrix.rows(), matrix.cols()));
      }
      return equalParts(matrix, ATTENTION);
    }
    if (!stacked && layer.equals("gate_up_proj") && GATE_UP_IN_HALVES.contains(model)) {
      return equalParts(matrix, MLP);
    }
    throw UserInputException.inTensor(
        RejectCode.FORMAT_UNSUPPORTED,
        matrix.file(),
        matrix.matrix(),
        "how the parts of a fused %s lie is not known for model type %s; leave out --split-fused to"
                .formatted(layer, model.isEmpty() ? "none, as there is no config.json" : model)
            + " analyse it whole");
  }

  private static List<MatrixSource> equalParts(MatrixSource matrix, List<String> names) {
    if (matrix.rows() % names.size() != 0) {
      throw UserInputException.inTensor(
          RejectCode.SHAPE_MISMATCH,
          matrix.file(),
          matrix.matrix(),
          "%d rows are not %d equal parts".formatted(matrix.rows(), names.size()));
    }
    int rows = matrix.rows() / names.size();
    return parts(matrix, names, names.stream().map(name -> rows).toList());
  }

  private static List<MatrixSource> parts(
      MatrixSource matrix, List<String> names, List<Integer> rows) {
    List<MatrixSource> parts = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < names.size(); i++) {
      String name = "%s[%s]".formatted(matrix.matrix(), names.get(i));
      parts.add(matrix.rowRange(name, from, rows.get(i)));
      from += rows.get(i);
    }
    return parts;
  }

  /**
   * Cuts a matrix of outputs as the base's tensor was cut.
   *
   * @param matrices the base's, by name
   * @param tensor name in the base
   * @param matrix of the base's outputs
   * @param inputs of the base that it stands for
   * @return by the base's names; empty if the shape is not the one that the base's parts have
   *     together
   */
  static Map<String, MatrixSource> splitAlike(
      Map<String, BaseMatrix> matrices, String tensor, MatrixSource matrix, int inputs) {
    Map<String, MatrixSource> cut = new TreeMap<>();
    if (rows(matrices, tensor) != matrix.rows()) {
      return cut;
    }
    int from = 0;
    for (BaseMatrix part : partsOf(matrices, tensor)) {
      if (part.source().cols() != inputs) {
        return Map.of();
      }
      String suffix = part.name().substring(tensor.length());
      int count = part.source().rows();
      cut.put(part.name(), matrix.rowRange(matrix.matrix() + suffix, from, count));
      from += count;
    }
    return cut;
  }

  private static List<BaseMatrix> partsOf(Map<String, BaseMatrix> matrices, String tensor) {
    return Stream.of(ATTENTION, MLP)
        .flatMap(List::stream)
        .map(name -> matrices.get("%s[%s]".formatted(tensor, name)))
        .filter(Objects::nonNull)
        .toList();
  }

  /** How many rows the parts of a tensor of the base have together. */
  static long rows(Map<String, BaseMatrix> matrices, String tensor) {
    return partsOf(matrices, tensor).stream().mapToLong(part -> part.source().rows()).sum();
  }

  /** Whether the base's tensor was cut into parts. */
  static boolean isSplit(Map<String, BaseMatrix> matrices, String tensor) {
    return matrices.containsKey(tensor + "[q]") || matrices.containsKey(tensor + "[gate]");
  }

  private Optional<Integer> setting(MatrixSource matrix, String key) {
    JsonNode value = base.config().map(config -> config.path(key)).orElse(null);
    if (value == null || value.isMissingNode() || value.isNull()) {
      return Optional.empty();
    }
    if (!value.isInt() || value.intValue() < 1 || value.intValue() > matrix.rows()) {
      throw UserInputException.inFile(
          RejectCode.CONFIG_INVALID,
          base.uri(),
          "config.json: %s must be a number of heads or rows of %s, found %s"
              .formatted(key, matrix.matrix(), value));
    }
    return Optional.of(value.intValue());
  }

  private static UserInputException noHeads(MatrixSource matrix) {
    return UserInputException.inTensor(
        RejectCode.CONFIG_INVALID,
        matrix.file(),
        matrix.matrix(),
        "can't be split, as config.json gives no num_attention_heads");
  }

  private static UserInputException unsuitable(MatrixSource matrix, int heads, int keyHeads) {
    return UserInputException.inTensor(
        RejectCode.SHAPE_MISMATCH,
        matrix.file(),
        matrix.matrix(),
        "%d rows are not those of %d heads with %d for keys and values, as config.json has them"
            .formatted(matrix.rows(), heads, keyHeads));
  }
}
