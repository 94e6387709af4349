package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * RandLoRA: {@code tuned = w + scale · B · A}, or the product's transpose if the weight has more
 * inputs than outputs. A holds a random factor once for every basis, {@code lambda[k][b] · a[k][j]
 * · gamma[b][j]} in row k · bases + b (PEFT's {@code tuners/randlora/layer.py}). Of full rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param a (rank, at least the smaller dimension), random
 * @param b (at least the larger dimension, at least bases · rank), random
 * @param lambda (rank, bases)
 * @param gamma (bases, the smaller dimension)
 * @param scale alpha / rank
 */
public record RandomBasesUpdate(
    String baseTensor,
    MatrixSource a,
    MatrixSource b,
    MatrixSource lambda,
    MatrixSource gamma,
    double scale)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return "RandLoRA";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(a, b, lambda, gamma);
  }

  @Override
  public RandomBasesUpdate fittedTo(MatrixSource weight) {
    int smaller = Math.min(weight.rows(), weight.cols());
    int larger = Math.max(weight.rows(), weight.cols());
    if (gamma.cols() != smaller || a.cols() < smaller || b.rows() < larger) {
      throw AdapterUpdate.shapeMismatch(
          gamma,
          weight,
          "gamma %dx%d, and random factors B %dx%d and A %dx%d"
              .formatted(gamma.rows(), gamma.cols(), b.rows(), b.cols(), a.rows(), a.cols()));
    }
    return this;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      int smaller = w.minDimension();
      int larger = Math.max(w.rows(), w.cols());
      int bases = lambda.cols();
      Matrix right = Matrix.allocate(lambda.rows() * bases, smaller, Precision.DOUBLE);
      Matrix random = reader.read(a, Precision.DOUBLE);
      Matrix l = reader.read(lambda, Precision.DOUBLE);
      Matrix g = reader.read(gamma, Precision.DOUBLE);
      for (int k = 0; k < lambda.rows(); k++) {
        for (int basis = 0; basis < bases; basis++) {
          for (int j = 0; j < smaller; j++) {
            double value = l.get(k, basis) * random.get(k, j) * g.get(basis, j);
            right.set(k * bases + basis, j, value);
          }
        }
      }
      Matrix left =
          reader.read(b, Precision.DOUBLE).rowRange(0, larger).columnRange(0, right.rows()).copy();
      Matrix product = left.times(right);
      return w.plusInPlace(scale, w.cols() == smaller ? product : product.transposed());
    }
  }
}
