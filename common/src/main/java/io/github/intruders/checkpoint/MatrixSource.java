package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Where one matrix lies: a two-dimensional tensor, one slice of a three-dimensional one, or some
 * rows of a fused one.
 *
 * @param matrix the tensor's name; {@code name[e]} for slice e, such as {@code name[q]} for rows
 * @param file URI of the file
 * @param dtype of the stored elements
 * @param offset of the first byte, from the start of the file
 * @param rows of the matrix as it is read: its outputs
 * @param cols of the matrix as it is read: its inputs
 * @param transposed whether the file holds the (cols, rows) transpose row by row, as it does for
 *     GPT-2's Conv1D layers
 * @param scale what its elements are multiplied by; null unless they are 8-bit floats
 * @param pitchBytes from the beginning of one stored row to that of the next
 * @param checksum of its bytes; null where the file has none for just these
 * @param stamp of its file; null where it need not stay the same
 */
public record MatrixSource(
    String matrix,
    String file,
    DType dtype,
    long offset,
    int rows,
    int cols,
    boolean transposed,
    ScaleSource scale,
    long pitchBytes,
    Checksum checksum,
    Stamp stamp)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Far more experts than a model has; a header may claim any number. */
  private static final int MAX_SLICES = 1 << 16;

  public MatrixSource {
    Objects.requireNonNull(matrix, "matrix");
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(dtype, "dtype");
    if (offset < 0 || rows < 0 || cols < 0) {
      throw new IllegalArgumentException(
          "Matrix %s has a negative place or shape: offset %d, %dx%d"
              .formatted(matrix, offset, rows, cols));
    }
  }

  /** A matrix whose elements count as they are, and whose stored rows follow each other. */
  public MatrixSource(
      String matrix,
      String file,
      DType dtype,
      long offset,
      int rows,
      int cols,
      boolean transposed) {
    this(
        matrix,
        file,
        dtype,
        offset,
        rows,
        cols,
        transposed,
        null,
        (transposed ? (long) rows : cols) * dtype.bits() / Byte.SIZE,
        null,
        null);
  }

  /** This matrix, whose bytes are all those that a checksum is of. */
  public MatrixSource checkedBy(Checksum sum) {
    return new MatrixSource(
        matrix, file, dtype, offset, rows, cols, transposed, scale, pitchBytes, sum, stamp);
  }

  /** This matrix in a file that has to stay the same. */
  public MatrixSource stampedBy(Stamp mark) {
    return new MatrixSource(
        matrix, file, dtype, offset, rows, cols, transposed, scale, pitchBytes, checksum, mark);
  }

  /** This matrix with its elements multiplied. */
  public MatrixSource scaledBy(ScaleSource scales) {
    return new MatrixSource(
        matrix, file, dtype, offset, rows, cols, transposed, scales, pitchBytes, checksum, stamp);
  }

  /** The transpose of this matrix, read from the same bytes. */
  public MatrixSource flipped() {
    return new MatrixSource(
        matrix,
        file,
        dtype,
        offset,
        /* rows= */ cols,
        /* cols= */ rows,
        !transposed,
        scale,
        pitchBytes,
        checksum,
        stamp);
  }

  /**
   * Some of the outputs of this matrix, as a matrix of its own.
   *
   * @param from the first row
   * @param count how many rows
   * @throws UserInputException with code {@code FORMAT_UNSUPPORTED} if the matrix has scales
   */
  public MatrixSource rowRange(String name, int from, int count) {
    if (scale != null) {
      throw UserInputException.inTensor(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          matrix,
          "parts of 8-bit weights with scales are not supported; convert the checkpoint to BF16"
              + " first");
    }
    if (from < 0 || count < 0 || count > rows - from) {
      throw new IllegalArgumentException(
          "Cannot take %d rows from row %d on of %s, %dx%d"
              .formatted(count, from, matrix, rows, cols));
    }
    long step = transposed ? dtype.bits() / Byte.SIZE : pitchBytes;
    return new MatrixSource(
        name,
        file,
        dtype,
        offset + from * step,
        count,
        cols,
        transposed,
        null,
        pitchBytes,
        null,
        stamp);
  }

  /**
   * The matrices of a tensor: itself if it has two dimensions, E slices if it has three (E, m, n).
   * An empty three-dimensional tensor has none.
   *
   * @param transposed whether the last two dimensions are (inputs, outputs) instead of (outputs,
   *     inputs)
   * @throws IllegalArgumentException if the tensor has another number of dimensions
   * @throws UserInputException with code {@code TOO_LARGE} if a dimension exceeds 2³¹ − 1, or if
   *     there are more than 65,536 slices
   */
  public static List<MatrixSource> of(TensorInfo tensor, boolean transposed) {
    int dimensions = tensor.shape().size();
    if (dimensions != 2 && dimensions != 3) {
      throw new IllegalArgumentException(
          "Cannot see a matrix in tensor %s, %s: expected 2 or 3 dimensions"
              .formatted(tensor.name(), tensor.description()));
    }
    int outer = dimension(tensor, dimensions - 2);
    int inner = dimension(tensor, dimensions - 1);
    int rows = transposed ? inner : outer;
    int cols = transposed ? outer : inner;
    if (dimensions == 2) {
      return List.of(
          new MatrixSource(
                  tensor.name(),
                  tensor.file(),
                  tensor.dtype(),
                  tensor.offset(),
                  rows,
                  cols,
                  transposed != tensor.byColumns())
              .checkedBy(tensor.checksum())
              .stampedBy(tensor.stamp()));
    }
    if (tensor.lengthBytes() == 0) {
      return List.of();
    }
    int slices = dimension(tensor, 0);
    if (slices > MAX_SLICES) {
      throw UserInputException.inTensor(
          RejectCode.TOO_LARGE,
          tensor.file(),
          tensor.name(),
          "%s has more than %d slices".formatted(tensor.description(), MAX_SLICES));
    }
    long sliceBytes = tensor.lengthBytes() / slices;
    List<MatrixSource> sources = new ArrayList<>();
    for (int slice = 0; slice < slices; slice++) {
      long offset = tensor.offset() + slice * sliceBytes;
      sources.add(
          new MatrixSource(
                  "%s[%d]".formatted(tensor.name(), slice),
                  tensor.file(),
                  tensor.dtype(),
                  offset,
                  rows,
                  cols,
                  transposed)
              .stampedBy(
                  tensor.stamp() == null ? null : tensor.stamp().within(offset, sliceBytes)));
    }
    return List.copyOf(sources);
  }

  private static int dimension(TensorInfo tensor, int index) {
    long size = tensor.shape().get(index);
    if (size > Integer.MAX_VALUE) {
      throw UserInputException.inTensor(
          RejectCode.TOO_LARGE,
          tensor.file(),
          tensor.name(),
          "dimension %d of %s exceeds %d"
              .formatted(index, tensor.description(), Integer.MAX_VALUE));
    }
    return (int) size;
  }

  /**
   * Requires the file that was opened to be the one that was planned with.
   *
   * @throws UserInputException with code {@code INPUT_CHANGED}
   */
  public void requireAsPlanned(RangeSource opened) {
    if (stamp != null) {
      opened.opened().ifPresent(found -> stamp.require(found.identity(), file));
    }
  }

  /** How many elements the matrix has. */
  public long elements() {
    return (long) rows * cols;
  }

  /** Whether nothing else lies between the bytes of the matrix. */
  public boolean isContiguous() {
    return spanBytes() == lengthBytes();
  }

  /** How many bytes there are from the first of the matrix to its last. */
  long spanBytes() {
    int storedRows = transposed ? cols : rows;
    return elements() == 0
        ? 0
        : Math.addExact(
            Math.multiplyExact(storedRows - 1L, pitchBytes), lengthBytes() / storedRows);
  }

  /** How many bytes of the file the matrix takes. */
  public long lengthBytes() {
    return Math.multiplyExact(elements(), dtype.bits()) / Byte.SIZE;
  }
}
