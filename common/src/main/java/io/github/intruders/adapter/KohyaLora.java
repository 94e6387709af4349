package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * LoRA with an alpha of its own: {@code tuned = w + alpha / rank · up · down} (kohya's {@code
 * networks/lora.py}). Of low rank.
 *
 * @param lora up · down / rank
 * @param alpha (1, 1)
 */
public record KohyaLora(LowRankSource lora, MatrixSource alpha) implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  public KohyaLora {
    Objects.requireNonNull(alpha, "alpha");
  }

  @Override
  public String baseTensor() {
    return lora.baseTensor();
  }

  @Override
  public String kind() {
    return "kohya LoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(lora.a(), lora.b(), alpha);
  }

  @Override
  public KohyaLora fittedTo(MatrixSource weight) {
    lora.fittedTo(weight);
    return this;
  }

  @Override
  public int rank() {
    return lora.rank();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    double factor = KohyaAlpha.read(reader, alpha);
    return lora.readB(reader).scaleInPlace(factor);
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    return lora.readA(reader);
  }
}
