package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * HRA: {@code tuned = w · (I − 2 u₁ u₁ᵀ) · … · (I − 2 u_r u_rᵀ)} with the columns of u normalised
 * (PEFT's {@code tuners/hra/layer.py}). Its rank is low, but its factors depend on w.
 *
 * @param baseTensor name of the tensor it changes
 * @param u (inputs, rank)
 */
public record ReflectedWeight(String baseTensor, MatrixSource u) implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "HRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(u);
  }

  @Override
  public ReflectedWeight fittedTo(MatrixSource weight) {
    if (u.rows() != weight.cols()) {
      throw AdapterUpdate.shapeMismatch(u, weight, "reflections of %d inputs".formatted(u.rows()));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      Matrix vectors = reader.read(u, Precision.DOUBLE);
      for (int i = 0; i < vectors.cols(); i++) {
        Matrix v = vectors.columnRange(i, i + 1).copy();
        v.scaleInPlace(1 / v.frobeniusNorm());
        w.plusProductInPlace(-2, w.times(v), v.transposed());
      }
      return w;
    }
  }
}
