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
 * (PEFT's {@code tuners/hra/layer.py}). Its rank is low, but its factors depend on w: the product
 * of the reflections is {@code I − u · t · uᵀ} with t upper triangular (Schreiber and Van Loan
 * 1989), and so {@code tuned = w − (w · u · t) · uᵀ}.
 *
 * @param baseTensor name of the tensor it changes
 * @param u (inputs, rank)
 */
public record ReflectedWeight(String baseTensor, MatrixSource u) implements BaseDependent {
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
  public int rank() {
    return u.cols();
  }

  @Override
  public Matrix readB(MatrixSource w, TensorReader reader) throws IOException {
    Matrix b = Matrix.allocate(w.rows(), rank(), Precision.DOUBLE);
    try (Arena scratch = Arena.open()) {
      Matrix vectors = normalised(reader);
      Matrix ut = vectors.times(triangle(vectors)).scaleInPlace(-1);
      WeightRows.forEachBlock(
          w, reader, (from, rows) -> b.rowRange(from, from + rows.rows()).assignProduct(rows, ut));
    }
    return b;
  }

  @Override
  public Matrix readA(MatrixSource w, TensorReader reader) throws IOException {
    return normalised(reader).transposed();
  }

  private Matrix normalised(TensorReader reader) throws IOException {
    Matrix vectors = reader.read(u, Precision.DOUBLE);
    double[] factors = new double[vectors.cols()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = 1 / vectors.columnRange(i, i + 1).frobeniusNorm();
    }
    return vectors.scaleColumnsInPlace(factors);
  }

  /** t: each further reflection adds a column −2 · t · uᵀ · uₖ, and 2 on the diagonal. */
  private static Matrix triangle(Matrix vectors) {
    int rank = vectors.cols();
    Matrix gram = vectors.t().times(vectors);
    Matrix t = Matrix.zeros(rank, rank, Precision.DOUBLE);
    for (int k = 0; k < rank; k++) {
      t.set(k, k, 2);
      for (int i = 0; i < k; i++) {
        double sum = 0;
        for (int j = i; j < k; j++) {
          sum += t.get(i, j) * gram.get(j, k);
        }
        t.set(i, k, -2 * sum);
      }
    }
    return t;
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
