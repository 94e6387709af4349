package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;

/**
 * DoRA: {@code tuned = diag(magnitude / ‖V‖) · V} with {@code V = w + scale · b · a} and the norm
 * of each row of V (PEFT's {@code tuners/lora/dora.py}). Not of low rank.
 *
 * @param lora V − w
 * @param scales the magnitudes, (1, outputs)
 */
public record DoraUpdate(LowRankSource lora, MatrixSource scales)
    implements WholeUpdate, LoraWithTensor {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "DoRA";
  }

  @Override
  public DoraUpdate fittedTo(MatrixSource weight) {
    lora.fittedTo(weight);
    if (scales.cols() != weight.rows()) {
      throw AdapterUpdate.shapeMismatch(scales, weight, "%d magnitudes".formatted(scales.cols()));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    Matrix v = lora.applyTo(w, reader);
    double[] factors = reader.read(scales, Precision.DOUBLE).row(0);
    for (int i = 0; i < factors.length; i++) {
      factors[i] /= v.rowRange(i, i + 1).frobeniusNorm();
    }
    return v.scaleRowsInPlace(factors);
  }
}
