package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * IA3: {@code tuned = diag(l) · w}, or {@code w · diag(l)} for feed-forward modules (PEFT's {@code
 * tuners/ia3/layer.py}). It scales the bias of the other modules, too, which is no matrix. Not of
 * low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param scales (outputs, 1), or (1, inputs) for a feed-forward module
 * @param inputs whether the inputs are scaled
 */
public record ScaledWeight(String baseTensor, MatrixSource scales, boolean inputs)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "IA3";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(scales);
  }

  @Override
  public ScaledWeight fittedTo(MatrixSource weight) {
    if (scales.elements() != (inputs ? weight.cols() : weight.rows())) {
      throw AdapterUpdate.shapeMismatch(
          scales,
          weight,
          "%d scales of its %s".formatted(scales.elements(), inputs ? "inputs" : "outputs"));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    Matrix l = reader.read(scales, Precision.DOUBLE);
    return inputs ? w.scaleColumnsInPlace(l.row(0)) : w.scaleRowsInPlace(l.column(0));
  }
}
