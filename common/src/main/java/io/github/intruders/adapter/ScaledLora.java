package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.Objects;

/**
 * LoRA whose factors have a tensor in between: {@code tuned = w + scale · b · diag(e) · a}. Of low
 * rank.
 *
 * @param lora the same without the tensor
 * @param scales of the shape that {@code by} says
 * @param by what the tensor holds
 */
record ScaledLora(LowRankSource lora, MatrixSource scales, By by)
    implements LowRankUpdate, LoraWithTensor {
  private static final long serialVersionUID = 1L;

  /** What scales it. */
  enum By {
    /**
     * AdaLoRA, {@code scale = alpha / (init_r + 1e-5)}: one number for each rank, (1, rank) (PEFT's
     * {@code tuners/adalora/layer.py}).
     */
    RANK("AdaLoRA"),
    /**
     * An alpha of its own, {@code scale = 1 / rank}: one number for all, (1, 1) (kohya's {@code
     * networks/lora.py}).
     */
    ALPHA("kohya LoRA");

    private final String kind;

    By(String kind) {
      this.kind = kind;
    }
  }

  ScaledLora {
    Objects.requireNonNull(scales, "scales");
  }

  @Override
  public String kind() {
    return by.kind;
  }

  @Override
  public ScaledLora fittedTo(MatrixSource weight) {
    lora.fittedTo(weight);
    return this;
  }

  @Override
  public int rank() {
    return lora.rank();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    return switch (by) {
      case RANK ->
          lora.readB(reader).scaleColumnsInPlace(reader.read(scales, Precision.DOUBLE).row(0));
      case ALPHA -> {
        double alpha = KohyaAlpha.read(reader, scales);
        yield lora.readB(reader).scaleInPlace(alpha);
      }
    };
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    return lora.readA(reader);
  }
}
