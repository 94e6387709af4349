package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * C3A: {@code tuned = w + c / inputs}, where c consists of circulant blocks: in each, row i is its
 * kernel turned by i, {@code c[i][j] = kernel[(j − i) mod size]} (PEFT's {@code
 * tuners/c3a/layer.py}). Not of low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param kernels (blocks, size), the blocks row by row
 * @param blockRows how many blocks stand below each other
 */
public record CirculantUpdate(String baseTensor, MatrixSource kernels, int blockRows)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "C3A";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(kernels);
  }

  private int blockCols() {
    return kernels.rows() / blockRows;
  }

  @Override
  public CirculantUpdate fittedTo(MatrixSource weight) {
    long rows = (long) blockRows * kernels.cols();
    long cols = (long) blockCols() * kernels.cols();
    if (rows != weight.rows() || cols != weight.cols()) {
      throw AdapterUpdate.shapeMismatch(kernels, weight, "one of %dx%d".formatted(rows, cols));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      Matrix kernel = reader.read(kernels, Precision.DOUBLE);
      int size = kernels.cols();
      for (int i = 0; i < w.rows(); i++) {
        for (int j = 0; j < w.cols(); j++) {
          int block = i / size * blockCols() + j / size;
          double value = kernel.get(block, Math.floorMod(j - i, size));
          w.set(i, j, w.get(i, j) + value / w.cols());
        }
      }
      return w;
    }
  }
}
