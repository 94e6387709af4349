package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * Where one tensor lies.
 *
 * @param name as the file has it
 * @param dtype of its elements
 * @param shape outermost dimension first; empty for a scalar; a dimension may be 0
 * @param file URI of the file
 * @param offset of the first byte, from the start of the file; any alignment
 * @param lengthBytes the product of shape and element width
 * @param byColumns whether the bytes of a two-dimensional tensor stand column by column
 * @param checksum of its bytes; null where the file has none for just these
 * @param stamp of its file; null where it need not stay the same
 */
public record TensorInfo(
    String name,
    DType dtype,
    List<Long> shape,
    String file,
    long offset,
    long lengthBytes,
    boolean byColumns,
    Checksum checksum,
    Stamp stamp)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  public TensorInfo {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(file, "file");
    shape = List.copyOf(shape);
    if (offset < 0 || lengthBytes < 0) {
      throw new IllegalArgumentException(
          "Tensor %s has a negative place: offset %d, length %d"
              .formatted(name, offset, lengthBytes));
    }
    if (byColumns && shape.size() != 2) {
      throw new IllegalArgumentException(
          "Tensor %s of %d dimensions has no columns".formatted(name, shape.size()));
    }
  }

  /** A tensor whose bytes stand row by row. */
  public TensorInfo(
      String name, DType dtype, List<Long> shape, String file, long offset, long lengthBytes) {
    this(name, dtype, shape, file, offset, lengthBytes, false, null, null);
  }

  /**
   * Refuses a tensor without elements, where there must be some: it is what is left of one whose
   * parts were not gathered before it was saved.
   *
   * @throws UserInputException with this code
   */
  public void requireElements(RejectCode code) {
    if (shape.contains(0L)) {
      throw UserInputException.inTensor(
          code,
          file,
          name,
          "%s is empty, as DeepSpeed's ZeRO-3 leaves tensors that were not gathered; set"
                  .formatted(description())
              + " stage3_gather_16bit_weights_on_model_save and save once more, or run"
              + " zero_to_fp32.py on the checkpoint of the training");
    }
  }

  /** This tensor with a checksum of its bytes. */
  public TensorInfo checkedBy(Checksum sum) {
    return new TensorInfo(name, dtype, shape, file, offset, lengthBytes, byColumns, sum, stamp);
  }

  /** This tensor of a file that has to stay the same. */
  TensorInfo stampedBy(Stamp mark) {
    return new TensorInfo(name, dtype, shape, file, offset, lengthBytes, byColumns, checksum, mark);
  }

  /** Element type and shape in words, such as {@code BF16 2048x2048} or {@code F32 scalar}. */
  public String description() {
    return describe(dtype, shape);
  }

  static String describe(DType dtype, List<Long> shape) {
    return dtype
        + " "
        + (shape.isEmpty()
            ? "scalar"
            : shape.stream().map(String::valueOf).collect(Collectors.joining("x")));
  }
}
