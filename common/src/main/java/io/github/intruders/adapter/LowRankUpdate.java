package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;

/**
 * An update {@code tuned = w + b · a} whose factors are known without w, so that the tuned matrix
 * need not be formed.
 */
public sealed interface LowRankUpdate extends AdapterUpdate
    permits DeloraUpdate,
        ExpertLora,
        LowRankSource,
        MissUpdate,
        OnBase,
        ScaledLora,
        VectorBankUpdate,
        VeraUpdate {
  /** The number of columns of b and rows of a; of the product at most. */
  int rank();

  /** b, (outputs, rank), in double precision, any scale folded in. */
  Matrix readB(TensorReader reader) throws IOException;

  /** a, (rank, inputs), in double precision. */
  Matrix readA(TensorReader reader) throws IOException;

  @Override
  LowRankUpdate fittedTo(MatrixSource weight);

  @Override
  default Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    return w.plusProductInPlace(1, readB(reader), readA(reader));
  }
}
