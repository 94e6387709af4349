package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * LoRA: {@code tuned = w + scale · b · a}, of low rank (PEFT's {@code tuners/lora/layer.py}). On an
 * embedding, whose weight is (tokens, width), PEFT adds {@code scale · (B · A)ᵀ}; a is then Bᵀ and
 * b is Aᵀ.
 *
 * @param baseTensor name of the tensor it changes, as PEFT sees the model
 * @param a (rank, inputs)
 * @param b (outputs, rank)
 * @param scale alpha / rank, or alpha / √rank for rank-stabilised LoRA
 * @param transposed whether the adapter says that the base stores (inputs, outputs); the product b
 *     · a is (outputs, inputs) all the same
 */
public record LowRankSource(
    String baseTensor, MatrixSource a, MatrixSource b, double scale, boolean transposed)
    implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  public LowRankSource {
    Objects.requireNonNull(baseTensor, "baseTensor");
    if (a.rows() != b.cols()) {
      throw new IllegalArgumentException(
          "Cannot multiply B, %dx%d, by A, %dx%d, for %s"
              .formatted(b.rows(), b.cols(), a.rows(), a.cols(), baseTensor));
    }
    if (!Double.isFinite(scale)) {
      throw new IllegalArgumentException(
          "Cannot scale the update of %s by %s".formatted(baseTensor, scale));
    }
  }

  @Override
  public String kind() {
    return "LoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(a, b);
  }

  @Override
  public LowRankSource fittedTo(MatrixSource weight) {
    if (b.rows() != weight.rows() || a.cols() != weight.cols()) {
      throw AdapterUpdate.shapeMismatch(
          b, weight, "B %dx%d and A %dx%d".formatted(b.rows(), b.cols(), a.rows(), a.cols()));
    }
    return this;
  }

  /** The number of rows of A and columns of B. */
  @Override
  public int rank() {
    return a.rows();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    return reader.read(b, Precision.DOUBLE).scaleInPlace(scale);
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    return reader.read(a, Precision.DOUBLE);
  }
}
