package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.Objects;

/**
 * Where the scales of an 8-bit matrix lie: a grid with one number per block of the matrix, in the
 * order the matrix is stored. Element (i, j) counts (i / blockRows, j / blockCols) times.
 *
 * @param tensor name of the tensor that holds the scales
 * @param file URI of the file, which may be another one than the matrix's
 * @param dtype of the scales: F64, F32, F16, BF16, or F8_E8M0 for powers of two
 * @param offset of the first byte, from the start of the file
 * @param rows of the grid
 * @param cols of the grid
 * @param blockRows stored rows of the matrix that share a scale
 * @param blockCols stored columns of the matrix that share a scale
 * @param stamp of its file; null where it need not stay the same
 */
public record ScaleSource(
    String tensor,
    String file,
    DType dtype,
    long offset,
    int rows,
    int cols,
    int blockRows,
    int blockCols,
    Stamp stamp)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  public ScaleSource {
    Objects.requireNonNull(tensor, "tensor");
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(dtype, "dtype");
    if (rows < 1 || cols < 1 || blockRows < 1 || blockCols < 1) {
      throw new IllegalArgumentException(
          "Cannot scale by a grid of %dx%d, in blocks of %dx%d"
              .formatted(rows, cols, blockRows, blockCols));
    }
  }

  /**
   * The scales in a tensor that has as many elements as the grid.
   *
   * @throws UserInputException with code {@code DTYPE_UNSUPPORTED} for other elements
   */
  public static ScaleSource of(
      TensorInfo scales, int rows, int cols, int blockRows, int blockCols) {
    if (scales.dtype() != DType.F8_E8M0) {
      scales.dtype().requireReadable(scales.file(), scales.name());
    }
    if (scales.byColumns()) {
      throw UserInputException.inTensor(
          RejectCode.FORMAT_UNSUPPORTED,
          scales.file(),
          scales.name(),
          "these scales are stored by columns, expected by rows");
    }
    return new ScaleSource(
        scales.name(),
        scales.file(),
        scales.dtype(),
        scales.offset(),
        rows,
        cols,
        blockRows,
        blockCols,
        scales.stamp());
  }

  /** The grid as a matrix to be read. */
  MatrixSource grid() {
    return new MatrixSource(tensor, file, dtype, offset, rows, cols, false).stampedBy(stamp);
  }
}
