package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * VeRA: {@code tuned = w + diag(outer) · b · diag(inner) · a}, where b and a are the leading rows
 * and columns of random matrices that all layers share (PEFT's {@code tuners/vera/layer.py}). Of
 * low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param a (rank, at least inputs), shared
 * @param b (at least outputs, rank), shared
 * @param outer (1, outputs), {@code vera_lambda_b}
 * @param inner (1, rank), {@code vera_lambda_d}
 * @param inputs of the base's weight; 0 as long as that is not known
 */
public record VeraUpdate(
    String baseTensor,
    MatrixSource a,
    MatrixSource b,
    MatrixSource outer,
    MatrixSource inner,
    int inputs)
    implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "VeRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(a, b, outer, inner);
  }

  @Override
  public VeraUpdate fittedTo(MatrixSource weight) {
    if (outer.cols() != weight.rows() || b.rows() < weight.rows() || a.cols() < weight.cols()) {
      throw AdapterUpdate.shapeMismatch(
          outer,
          weight,
          "%d outputs, and random factors B %dx%d and A %dx%d"
              .formatted(outer.cols(), b.rows(), b.cols(), a.rows(), a.cols()));
    }
    return new VeraUpdate(baseTensor, a, b, outer, inner, weight.cols());
  }

  @Override
  public int rank() {
    return a.rows();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    double[] rows = reader.read(outer, Precision.DOUBLE).row(0);
    return reader
        .read(b, Precision.DOUBLE)
        .rowRange(0, rows.length)
        .scaleRowsInPlace(rows)
        .scaleColumnsInPlace(reader.read(inner, Precision.DOUBLE).row(0));
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    return reader.read(a, Precision.DOUBLE).columnRange(0, inputs);
  }
}
