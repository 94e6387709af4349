package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import java.io.Serializable;
import java.util.Objects;

/**
 * Where one low-rank update lies: {@code tuned = base + scale · b · a}, with base oriented
 * (outputs, inputs).
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
    implements Serializable {
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

  /** The number of rows of A and columns of B. */
  public int rank() {
    return a.rows();
  }
}
