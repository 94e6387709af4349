package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Precision;
import java.io.IOException;

/**
 * The alpha of one module, which kohya's files hold as a tensor. Zero means no scaling to the
 * trainers that load it and no update to those that merge it, so it is refused.
 */
final class KohyaAlpha {
  private KohyaAlpha() {}

  /**
   * Reads it.
   *
   * @param alpha (1, 1); null where there is none and the scale does not depend on it
   * @return 1 for null
   * @throws UserInputException with code {@code ADAPTER_INVALID} if it is 0
   */
  static double read(TensorReader reader, MatrixSource alpha) throws IOException {
    if (alpha == null) {
      return 1;
    }
    try (Arena scratch = Arena.open()) {
      double value = reader.read(alpha, Precision.DOUBLE).get(0, 0);
      if (value == 0) {
        throw UserInputException.inTensor(
            RejectCode.ADAPTER_INVALID, alpha.file(), alpha.matrix(), "expected a number but 0");
      }
      return value;
    }
  }
}
