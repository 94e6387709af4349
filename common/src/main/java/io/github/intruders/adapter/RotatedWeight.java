package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LinearSystem;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * OFT and BOFT: {@code tuned = w · Rᵀ}, with R block-diagonal and each block the Cayley transform
 * {@code (I − Q) · (I + Q)⁻¹} of a skew-symmetric Q. OFT by default takes the first terms of a
 * series instead, {@code I + 2Q + 2Q² + … + Qᵗ⁻¹}, whose Q has the opposite sign (PEFT's {@code
 * tuners/oft/layer.py}); BOFT then scales the outputs ({@code tuners/boft/layer.py}). Not of low
 * rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param blocks OFT: (number, size · (size − 1) / 2), the entries above the diagonal row by row,
 *     one row for all blocks if they share it. BOFT: (number · size, size), whose skew-symmetric
 *     part counts
 * @param size rows of a block
 * @param terms of the series; 0 for the exact transform
 * @param scales (1, outputs) for BOFT, null for OFT
 */
public record RotatedWeight(
    String baseTensor, MatrixSource blocks, int size, int terms, MatrixSource scales)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return scales == null ? "OFT" : "BOFT";
  }

  @Override
  public List<MatrixSource> sources() {
    List<MatrixSource> sources = new ArrayList<>(List.of(blocks));
    Optional.ofNullable(scales).ifPresent(sources::add);
    return sources;
  }

  private int number() {
    return scales == null ? blocks.rows() : blocks.rows() / size;
  }

  @Override
  public RotatedWeight fittedTo(MatrixSource weight) {
    boolean shared = scales == null && number() == 1 && weight.cols() % size == 0;
    boolean rotates = shared || (long) number() * size == weight.cols();
    if (!rotates || (scales != null && scales.cols() != weight.rows())) {
      throw AdapterUpdate.shapeMismatch(
          blocks,
          weight,
          "%d blocks of %d inputs%s"
              .formatted(
                  number(),
                  size,
                  scales == null ? "" : " and scales of %d outputs".formatted(scales.cols())));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      Matrix stored = reader.read(blocks, Precision.DOUBLE);
      Matrix rotation = rotation(stored, 0);
      for (int block = 0; block * size < w.cols(); block++) {
        if (block > 0 && number() > 1) {
          rotation = rotation(stored, block);
        }
        Matrix inputs = w.columnRange(block * size, (block + 1) * size);
        inputs.assign(inputs.copy().times(rotation.t()));
      }
      return scales == null ? w : w.scaleRowsInPlace(reader.read(scales, Precision.DOUBLE).row(0));
    }
  }

  private Matrix rotation(Matrix stored, int block) {
    Matrix q = scales == null ? ofTriangle(stored, block) : ofSkewPart(stored, block);
    return terms == 0 ? cayley(q) : series(q);
  }

  private Matrix ofTriangle(Matrix stored, int block) {
    Matrix q = Matrix.zeros(size, size, Precision.DOUBLE);
    int at = 0;
    for (int i = 0; i < size; i++) {
      for (int j = i + 1; j < size; j++) {
        q.set(i, j, stored.get(block, at));
        q.set(j, i, -stored.get(block, at));
        at++;
      }
    }
    return q;
  }

  private Matrix ofSkewPart(Matrix stored, int block) {
    Matrix whole = stored.rowRange(block * size, (block + 1) * size).copy();
    return whole.plusInPlace(-1, whole.transposed()).scaleInPlace(0.5);
  }

  private Matrix cayley(Matrix q) {
    Matrix rotation = Matrix.identity(size, Precision.DOUBLE).plusInPlace(-1, q);
    // I + Q is never singular, since Q's eigenvalues are imaginary
    LinearSystem.divideInPlace(rotation, Matrix.identity(size, Precision.DOUBLE).plusInPlace(1, q));
    return rotation;
  }

  /** PEFT's truncated Neumann series: the last of its terms is not doubled from the third on. */
  private Matrix series(Matrix q) {
    Matrix sum = Matrix.identity(size, Precision.DOUBLE);
    if (terms > 1) {
      sum.plusInPlace(2, q);
    }
    if (terms > 2) {
      Matrix power = q.times(q);
      sum.plusInPlace(2, power);
      for (int term = 3; term < terms - 1; term++) {
        power = power.times(q);
        sum.plusInPlace(2, power);
      }
      sum.plusInPlace(1, power.times(q));
    }
    return sum;
  }
}
