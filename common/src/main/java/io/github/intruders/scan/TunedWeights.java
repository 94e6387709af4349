package io.github.intruders.scan;

import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import java.io.IOException;

/** Reads whole matrices of a plan, into the arena that is open. As thread-safe as its reader. */
public final class TunedWeights {
  private final TensorReader reader;

  public TunedWeights(TensorReader reader) {
    this.reader = reader;
  }

  /**
   * The tuned matrix by any updates, one after the other; adapters work in double precision.
   *
   * @throws UserInputException if a tensor can't be used, or an adapter makes the matrix NaN or
   *     infinite
   */
  public Matrix tuned(MatrixPlan plan, Precision precision) throws IOException {
    if (plan.update().adapters().isEmpty()) {
      return readBeforeAdapters(plan, precision);
    }
    Matrix w = readBeforeAdapters(plan, Precision.DOUBLE);
    for (AdapterUpdate adapter : plan.update().adapters()) {
      w = adapter.applyTo(w, reader);
      if (!Double.isFinite(w.maxAbsolute())) {
        throw UserInputException.inTensor(
            RejectCode.NOT_FINITE,
            adapter.sources().get(0).file(),
            adapter.sources().get(0).matrix(),
            "%s makes %s NaN or infinite".formatted(adapter.kind(), plan.base().name()));
      }
    }
    return w.in(precision);
  }

  /** The base's matrix. */
  public Matrix base(MatrixPlan plan, Precision precision) throws IOException {
    return reader.read(plan.base().source(), precision);
  }

  private Matrix readBeforeAdapters(MatrixPlan plan, Precision precision) throws IOException {
    return plan.update() instanceof UpdateSource.Full full
        ? reader.read(full.tuned(), precision)
        : base(plan, precision);
  }
}
