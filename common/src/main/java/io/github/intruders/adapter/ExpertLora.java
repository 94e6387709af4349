package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * LoRA on one expert of a parameter of many ({@code target_parameters}): {@code tuned = w + scale ·
 * B_e · A_e}, where A_e is the e-th block of rows of A, and B_e every E-th column of B from the
 * e-th on (PEFT's {@code tuners/lora/layer.py}, ParamWrapper). Of low rank.
 *
 * @param baseTensor name of the matrix it changes
 * @param parameter where A and B lie
 * @param expert e
 * @param fromRow the first row of B_e that belongs to this matrix, where the model holds two
 *     projections as one
 * @param rows of B_e that belong to this matrix
 * @param transposed whether the base's matrix is (inputs, outputs), so that the product is turned
 */
public record ExpertLora(
    String baseTensor,
    ParameterLora parameter,
    int expert,
    int fromRow,
    int rows,
    boolean transposed)
    implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "LoRA on an expert";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(parameter.a(), parameter.b());
  }

  @Override
  public ExpertLora fittedTo(MatrixSource weight) {
    return this; // made by ParameterLora for this very matrix
  }

  @Override
  public int rank() {
    return parameter.rank();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    return transposed ? expertA(reader).transposed() : expertB(reader);
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    return transposed ? expertB(reader).transposed() : expertA(reader);
  }

  private Matrix expertA(TensorReader reader) throws IOException {
    MatrixSource a = parameter.a();
    long blockBytes = a.lengthBytes() / parameter.experts();
    MatrixSource block =
        new MatrixSource(
                a.matrix(),
                a.file(),
                a.dtype(),
                a.offset() + expert * blockBytes,
                rank(),
                a.cols(),
                false)
            .stampedBy(a.stamp());
    return reader.read(block, Precision.DOUBLE);
  }

  private Matrix expertB(TensorReader reader) throws IOException {
    Matrix b = reader.read(parameter.b(), Precision.DOUBLE);
    Matrix part = Matrix.allocate(rows, rank(), Precision.DOUBLE);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < rank(); j++) {
        double value = b.get(fromRow + i, expert + j * parameter.experts());
        part.set(i, j, parameter.scale() * value);
      }
    }
    return part;
  }
}
