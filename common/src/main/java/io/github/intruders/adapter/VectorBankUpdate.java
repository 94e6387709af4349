package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * VB-LoRA: {@code tuned = w + b · a}, where every stretch of a row of a, and of a column of b, is a
 * mean of the k vectors of a shared bank with the largest logits, weighted by their softmax (PEFT's
 * {@code tuners/vblora/layer.py}). Of low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param logitsA (rank · stretches, vectors), rank by rank
 * @param logitsB (stretches · rank, vectors), stretch by stretch
 * @param bank (vectors, length)
 * @param rank of the update
 * @param k how many vectors are mixed
 */
public record VectorBankUpdate(
    String baseTensor,
    MatrixSource logitsA,
    MatrixSource logitsB,
    MatrixSource bank,
    int rank,
    int k)
    implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "VB-LoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(logitsA, logitsB, bank);
  }

  @Override
  public VectorBankUpdate fittedTo(MatrixSource weight) {
    long outputs = (long) logitsB.rows() / rank * bank.cols();
    long inputs = (long) logitsA.rows() / rank * bank.cols();
    if (outputs != weight.rows() || inputs != weight.cols()) {
      throw AdapterUpdate.shapeMismatch(logitsA, weight, "one of %dx%d".formatted(outputs, inputs));
    }
    return this;
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    Matrix mixed = mixed(logitsB, reader);
    int length = bank.cols();
    Matrix b = Matrix.allocate(logitsB.rows() / rank * length, rank, Precision.DOUBLE);
    for (int i = 0; i < mixed.rows(); i++) {
      for (int j = 0; j < length; j++) {
        b.set(i / rank * length + j, i % rank, mixed.get(i, j));
      }
    }
    return b;
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    Matrix mixed = mixed(logitsA, reader);
    int stretches = logitsA.rows() / rank;
    int length = bank.cols();
    Matrix a = Matrix.allocate(rank, stretches * length, Precision.DOUBLE);
    for (int i = 0; i < mixed.rows(); i++) {
      for (int j = 0; j < length; j++) {
        a.set(i / stretches, i % stretches * length + j, mixed.get(i, j));
      }
    }
    return a;
  }

  /** One mean of the bank's vectors for every row of logits. */
  private Matrix mixed(MatrixSource source, TensorReader reader) throws IOException {
    Matrix logits = reader.read(source, Precision.DOUBLE);
    Matrix weights = Matrix.zeros(logits.rows(), logits.cols(), Precision.DOUBLE);
    for (int i = 0; i < logits.rows(); i++) {
      double[] row = logits.row(i);
      List<Integer> top =
          IntStream.range(0, row.length)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer j) -> -row[j]))
              .limit(k)
              .toList();
      double sum = 0;
      for (int j : top) {
        sum += Math.exp(row[j] - row[top.get(0)]);
      }
      for (int j : top) {
        weights.set(i, j, Math.exp(row[j] - row[top.get(0)]) / sum);
      }
    }
    return weights.times(reader.read(bank, Precision.DOUBLE));
  }
}
