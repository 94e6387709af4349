package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * AdaLoRA: {@code tuned = w + scale · b · diag(e) · a} with {@code scale = alpha / (init_r + 1e-5)}
 * (PEFT's {@code tuners/adalora/layer.py}). Of low rank.
 *
 * @param lora the same without the diagonal
 * @param diagonal (1, rank)
 */
public record DiagonalLora(LowRankSource lora, MatrixSource diagonal) implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String baseTensor() {
    return lora.baseTensor();
  }

  @Override
  public String kind() {
    return "AdaLoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(lora.a(), lora.b(), diagonal);
  }

  @Override
  public DiagonalLora fittedTo(MatrixSource weight) {
    lora.fittedTo(weight);
    return this;
  }

  @Override
  public int rank() {
    return lora.rank();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    return lora.readB(reader).scaleColumnsInPlace(reader.read(diagonal, Precision.DOUBLE).row(0));
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    return lora.readA(reader);
  }
}
