package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * LoKr: {@code tuned = w + scale · (c1 ⊗ c2)}, where each factor is a matrix or a product of two
 * (PEFT's {@code tuners/lokr/layer.py}). Not of low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param first c1, or the two matrices whose product it is
 * @param second c2, or the two matrices whose product it is
 * @param scale alpha / rank; 1 / rank or 1 for a kohya file
 * @param alpha what scale is multiplied by, (1, 1); null for PEFT's, or if it does not count
 */
public record KroneckerUpdate(
    String baseTensor,
    List<MatrixSource> first,
    List<MatrixSource> second,
    double scale,
    MatrixSource alpha)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  public KroneckerUpdate {
    first = List.copyOf(first);
    second = List.copyOf(second);
  }

  @Override
  public String kind() {
    return "LoKr";
  }

  @Override
  public List<MatrixSource> sources() {
    List<MatrixSource> sources = new ArrayList<>(first);
    sources.addAll(second);
    Optional.ofNullable(alpha).ifPresent(sources::add);
    return sources;
  }

  @Override
  public KroneckerUpdate fittedTo(MatrixSource weight) {
    long rows = (long) rows(first) * rows(second);
    long cols = (long) cols(first) * cols(second);
    if (rows != weight.rows() || cols != weight.cols()) {
      throw AdapterUpdate.shapeMismatch(
          first.get(0),
          weight,
          "a Kronecker product of %dx%d and %dx%d"
              .formatted(rows(first), cols(first), rows(second), cols(second)));
    }
    return this;
  }

  private static int rows(List<MatrixSource> factor) {
    return factor.get(0).rows();
  }

  private static int cols(List<MatrixSource> factor) {
    return factor.get(factor.size() - 1).cols();
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      Matrix c1 = read(first, reader).scaleInPlace(scale * KohyaAlpha.read(reader, alpha));
      Matrix c2 = read(second, reader);
      for (int i = 0; i < c1.rows(); i++) {
        Matrix block = w.rowRange(i * c2.rows(), (i + 1) * c2.rows());
        for (int j = 0; j < c1.cols(); j++) {
          block.columnRange(j * c2.cols(), (j + 1) * c2.cols()).plusInPlace(c1.get(i, j), c2);
        }
      }
      return w;
    }
  }

  private static Matrix read(List<MatrixSource> factor, TensorReader reader) throws IOException {
    Matrix matrix = reader.read(factor.get(0), Precision.DOUBLE);
    return factor.size() == 1 ? matrix : matrix.times(reader.read(factor.get(1), Precision.DOUBLE));
  }
}
