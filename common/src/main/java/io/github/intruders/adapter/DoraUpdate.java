package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * DoRA: {@code tuned = diag(magnitude / ‖V‖) · V} with {@code V = w + scale · b · a} and the norm
 * of each row of V (PEFT's {@code tuners/lora/dora.py}). Not of low rank.
 *
 * @param lora V − w
 * @param magnitude (1, outputs)
 */
public record DoraUpdate(LowRankSource lora, MatrixSource magnitude) implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String baseTensor() {
    return lora.baseTensor();
  }

  @Override
  public String kind() {
    return "DoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(lora.a(), lora.b(), magnitude);
  }

  @Override
  public DoraUpdate fittedTo(MatrixSource weight) {
    lora.fittedTo(weight);
    if (magnitude.cols() != weight.rows()) {
      throw AdapterUpdate.shapeMismatch(
          magnitude, weight, "%d magnitudes".formatted(magnitude.cols()));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    Matrix v = lora.applyTo(w, reader);
    double[] factors = reader.read(magnitude, Precision.DOUBLE).row(0);
    for (int i = 0; i < factors.length; i++) {
      factors[i] /= v.rowRange(i, i + 1).frobeniusNorm();
    }
    return v.scaleRowsInPlace(factors);
  }
}
