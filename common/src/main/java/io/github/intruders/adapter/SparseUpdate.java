package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * SHiRA: {@code tuned = w} plus some numbers at places of their own; those at one place add up
 * (PEFT's {@code tuners/shira/layer.py}). Not of low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param places (2, number), whole numbers: the outputs, then the inputs
 * @param values (1, number)
 */
public record SparseUpdate(String baseTensor, MatrixSource places, MatrixSource values)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "SHiRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(places, values);
  }

  /** Only the places tell the shape; they are checked when they are read. */
  @Override
  public SparseUpdate fittedTo(MatrixSource weight) {
    if (places.cols() > weight.elements()) {
      throw AdapterUpdate.shapeMismatch(places, weight, "%d places".formatted(places.cols()));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      long[] indexes = reader.readWholeNumbers(places);
      double[] numbers = reader.read(values, Precision.DOUBLE).row(0);
      for (int i = 0; i < numbers.length; i++) {
        long row = indexes[i];
        long col = indexes[numbers.length + i];
        if (row < 0 || row >= w.rows() || col < 0 || col >= w.cols()) {
          throw UserInputException.inTensor(
              RejectCode.SHAPE_MISMATCH,
              places.file(),
              places.matrix(),
              "expected places in the base's %dx%d, found (%d, %d)"
                  .formatted(w.rows(), w.cols(), row, col));
        }
        w.set((int) row, (int) col, w.get((int) row, (int) col) + numbers[i]);
      }
      return w;
    }
  }
}
