package io.github.intruders.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.ScaleSource;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the scales without which 8-bit floating point weights mean nothing: {@code
 * X.weight_scale_inv}, {@code X.weight_scale} or {@code X.scale}, in whatever file. In spite of its
 * name, the first is multiplied by, too, as DeepSeek's and transformers' code does. One scale
 * counts for the whole matrix, or for a row, or for a block of the size that {@code
 * quantization_config.weight_block_size} of {@code config.json} gives.
 */
final class WeightScales {
  private static final String WEIGHT = ".weight";

  private final Checkpoint checkpoint;

  WeightScales(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  /**
   * The matrices of a tensor, with their scales if their elements need some.
   *
   * @param transposed as {@link MatrixSource#of}
   * @throws UserInputException if the elements can't be read
   */
  List<MatrixSource> matrices(TensorInfo tensor, boolean transposed) {
    if (!tensor.dtype().readableWithScales()) {
      BasePlan.requireReadable(tensor);
      return MatrixSource.of(tensor, transposed);
    }
    TensorInfo scales = scalesOf(tensor);
    if (tensor.shape().size() != 2 || tensor.byColumns()) {
      throw UserInputException.inTensor(
          RejectCode.FORMAT_UNSUPPORTED,
          tensor.file(),
          tensor.name(),
          "scales of %s are not supported; convert the checkpoint to BF16 first"
              .formatted(tensor.byColumns() ? "a transposed matrix" : tensor.description()));
    }
    MatrixSource matrix = MatrixSource.of(tensor, transposed).get(0);
    int rows = transposed ? matrix.cols() : matrix.rows();
    int cols = transposed ? matrix.rows() : matrix.cols();
    return rows == 0 || cols == 0
        ? List.of(matrix)
        : List.of(matrix.scaledBy(grid(tensor, scales, rows, cols)));
  }

  private TensorInfo scalesOf(TensorInfo tensor) {
    String name = tensor.name();
    List<String> names = new ArrayList<>(List.of(name + "_scale_inv", name + "_scale"));
    if (name.endsWith(WEIGHT)) {
      names.add(name.substring(0, name.length() - WEIGHT.length()) + ".scale");
    }
    List<String> there =
        names.stream()
            .filter(
                scale ->
                    checkpoint.tensors().containsKey(scale)
                        || checkpoint.unusable().containsKey(scale))
            .toList();
    if (there.isEmpty()) {
      throw UserInputException.inTensor(
          RejectCode.DTYPE_UNSUPPORTED,
          tensor.file(),
          name,
          "%s elements count only together with their scales, and there is no %s; convert the"
                  .formatted(tensor.dtype(), String.join(" or ", names))
              + " checkpoint to BF16 first");
    }
    if (there.size() > 1) {
      throw UserInputException.inTensor(
          RejectCode.FORMAT_UNSUPPORTED,
          tensor.file(),
          name,
          "which are its scales, %s?".formatted(String.join(" or ", there)));
    }
    TensorInfo scales = checkpoint.tensors().get(there.get(0));
    if (scales == null) {
      throw checkpoint.unusable().get(there.get(0));
    }
    return scales;
  }

  private ScaleSource grid(TensorInfo tensor, TensorInfo scales, int rows, int cols) {
    List<Long> shape = scales.shape();
    if (shape.stream().allMatch(dimension -> dimension == 1)) {
      return ScaleSource.of(scales, 1, 1, rows, cols);
    }
    if (shape.equals(List.of((long) rows)) || shape.equals(List.of((long) rows, 1L))) {
      return ScaleSource.of(scales, rows, 1, 1, cols);
    }
    List<Integer> block = blockSize();
    if (shape.size() == 2 && block.size() == 2) {
      int gridRows = blocks(rows, block.get(0));
      int gridCols = blocks(cols, block.get(1));
      if (shape.equals(List.of((long) gridRows, (long) gridCols))) {
        return ScaleSource.of(scales, gridRows, gridCols, block.get(0), block.get(1));
      }
    }
    throw UserInputException.inTensor(
        RejectCode.SHAPE_MISMATCH,
        scales.file(),
        scales.name(),
        "%s are no scales for %s of %s: expected one, or one per row, or one per block of %s"
            .formatted(
                scales.description(),
                tensor.name(),
                tensor.description(),
                block.isEmpty()
                    ? "quantization_config.weight_block_size, which config.json does not give"
                    : block.get(0) + "x" + block.get(1)));
  }

  private static int blocks(int dimension, int blockSize) {
    return (dimension - 1) / blockSize + 1;
  }

  /** Rows and columns of a block; empty where the config gives none. */
  private List<Integer> blockSize() {
    JsonNode size =
        checkpoint
            .config()
            .map(config -> config.path("quantization_config").path("weight_block_size"))
            .filter(JsonNode::isArray)
            .orElse(null);
    List<Integer> block = new ArrayList<>();
    if (size != null) {
      for (JsonNode dimension : size) {
        if (!dimension.isInt() || dimension.intValue() < 1) {
          return List.of();
        }
        block.add(dimension.intValue());
      }
    }
    return block.size() == 2 ? block : List.of();
  }
}
