package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * MiSS: every input takes the update of its number modulo the rank, {@code tuned = w + blockᵀ · t}
 * with {@code t[i][j] = 1} where i = j mod rank (PEFT's {@code tuners/miss/layer.py}, the default
 * of its three ways). Of low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param block (rank, outputs)
 * @param inputs of the base's weight; 0 as long as that is not known
 */
public record MissUpdate(String baseTensor, MatrixSource block, int inputs)
    implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "MiSS";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(block);
  }

  @Override
  public MissUpdate fittedTo(MatrixSource weight) {
    if (block.cols() != weight.rows()) {
      throw AdapterUpdate.shapeMismatch(
          block, weight, "a block of %d outputs".formatted(block.cols()));
    }
    return new MissUpdate(baseTensor, block, weight.cols());
  }

  @Override
  public int rank() {
    return block.rows();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    return reader.read(block, Precision.DOUBLE).transposed();
  }

  @Override
  public Matrix readA(TensorReader reader) {
    Matrix t = Matrix.zeros(rank(), inputs, Precision.DOUBLE);
    for (int j = 0; j < inputs; j++) {
      t.set(j % rank(), j, 1);
    }
    return t;
  }
}
