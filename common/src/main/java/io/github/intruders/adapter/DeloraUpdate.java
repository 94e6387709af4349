package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * DeLoRA: {@code tuned = w + b · diag(d) · a · diag(norms)} with {@code d_i = lambda / (rank ·
 * ‖a_i‖ · ‖b_i‖)}, a_i the rows of a and b_i the columns of b, each norm at least 1e-4 (PEFT's
 * {@code tuners/delora/layer.py}). Of low rank; the norms are those of the weight's columns when
 * the adapter was made, and are saved with it.
 *
 * @param lora b · a
 * @param lambda (1, 1)
 * @param norms (1, inputs)
 */
public record DeloraUpdate(LowRankSource lora, MatrixSource lambda, MatrixSource norms)
    implements LowRankUpdate {
  private static final long serialVersionUID = 1L;
  private static final double SMALLEST_NORM = 1e-4;

  @Override
  public String baseTensor() {
    return lora.baseTensor();
  }

  @Override
  public String kind() {
    return "DeLoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(lora.a(), lora.b(), lambda, norms);
  }

  @Override
  public DeloraUpdate fittedTo(MatrixSource weight) {
    lora.fittedTo(weight);
    if (norms.cols() != weight.cols()) {
      throw AdapterUpdate.shapeMismatch(norms, weight, "%d norms".formatted(norms.cols()));
    }
    return this;
  }

  @Override
  public int rank() {
    return lora.rank();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    Matrix b = lora.readB(reader);
    double[] factors = new double[rank()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = 1 / Math.max(SMALLEST_NORM, b.columnRange(i, i + 1).frobeniusNorm());
    }
    double scale = reader.read(lambda, Precision.DOUBLE).get(0, 0) / rank();
    return b.scaleColumnsInPlace(factors).scaleInPlace(scale);
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    Matrix a = lora.readA(reader);
    double[] factors = new double[rank()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = 1 / Math.max(SMALLEST_NORM, a.rowRange(i, i + 1).frobeniusNorm());
    }
    return a.scaleRowsInPlace(factors)
        .scaleColumnsInPlace(reader.read(norms, Precision.DOUBLE).row(0));
  }
}
