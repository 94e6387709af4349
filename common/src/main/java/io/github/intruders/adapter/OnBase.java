package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;
import java.util.List;

/**
 * An update that is applied to the base's own weight, and so is of low rank. Anywhere but first in
 * a chain on the base it would be wrong.
 *
 * @param update what depends on the weight
 * @param base the weight
 */
public record OnBase(BaseDependent update, MatrixSource base) implements LowRankUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String baseTensor() {
    return update.baseTensor();
  }

  @Override
  public String kind() {
    return update.kind();
  }

  @Override
  public List<MatrixSource> sources() {
    return update.sources();
  }

  @Override
  public OnBase fittedTo(MatrixSource weight) {
    update.fittedTo(weight);
    return new OnBase(update, weight);
  }

  @Override
  public int rank() {
    return update.rank();
  }

  @Override
  public Matrix readB(TensorReader reader) throws IOException {
    return update.readB(base, reader);
  }

  @Override
  public Matrix readA(TensorReader reader) throws IOException {
    return update.readA(base, reader);
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    return update.applyTo(w, reader);
  }
}
