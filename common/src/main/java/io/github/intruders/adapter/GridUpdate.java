package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * GraLoRA: the weight is a grid of k · k blocks, and block (p, q) takes {@code scale · (B_p[q])ᵀ ·
 * (A_q[p])ᵀ}, with B_p[q] the q-th of k stretches of rows of B_p, and A_q[p] the p-th of k
 * stretches of columns of A_q (PEFT's {@code tuners/gralora/layer.py}). Not of low rank as a whole.
 *
 * @param baseTensor name of the tensor it changes
 * @param a (k · inputs / k, rank), block by block
 * @param b (k · rank, outputs / k), block by block
 * @param k blocks of a row or column
 * @param scale alpha / rank
 */
public record GridUpdate(String baseTensor, MatrixSource a, MatrixSource b, int k, double scale)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "GraLoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(a, b);
  }

  @Override
  public GridUpdate fittedTo(MatrixSource weight) {
    if (a.rows() != weight.cols() || (long) k * b.cols() != weight.rows()) {
      throw AdapterUpdate.shapeMismatch(
          a, weight, "one of %dx%d".formatted((long) k * b.cols(), a.rows()));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      Matrix left = reader.read(b, Precision.DOUBLE);
      Matrix right = reader.read(a, Precision.DOUBLE);
      int rank = a.cols();
      int part = rank / k;
      int outputs = b.cols();
      int inputs = a.rows() / k;
      for (int p = 0; p < k; p++) {
        for (int q = 0; q < k; q++) {
          Matrix block =
              w.rowRange(p * outputs, (p + 1) * outputs).columnRange(q * inputs, (q + 1) * inputs);
          Matrix bp = left.rowRange(p * rank + q * part, p * rank + (q + 1) * part);
          Matrix aq =
              right.rowRange(q * inputs, (q + 1) * inputs).columnRange(p * part, (p + 1) * part);
          block.plusProductInPlace(scale, bp.t(), aq.copy().transposed());
        }
      }
      return w;
    }
  }
}
