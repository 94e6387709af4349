package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;

/**
 * Holds what was read back from an edited model's files against what its edit says. The two may
 * differ by one rounding to the type of the file, and by that of sums in double precision.
 */
final class WrittenMatrix {
  /** Sums of products in double precision. */
  private static final double ARITHMETIC = 1e-12;

  private WrittenMatrix() {}

  /**
   * Requires a whole matrix to be the edited one.
   *
   * @param place where it was written
   * @param intended (m, n) in double precision, not rounded yet; overwritten
   * @param rounded whether it was rounded when it was written, else its bytes were copied
   * @param found (m, n) in double precision, as it was written
   * @throws UserInputException with code {@code NOT_WRITTEN}
   */
  static void require(
      MatrixSource place, String matrix, Matrix intended, boolean rounded, Matrix found) {
    double norm = intended.frobeniusNorm();
    double allowed = 0;
    if (rounded) {
      allowed =
          (place.dtype().unitRoundoff() + ARITHMETIC) * norm
              + Math.sqrt((double) found.rows() * found.cols())
                  * ElementEncoder.absoluteError(place.dtype());
    }
    double distance = intended.plusInPlace(-1, found).frobeniusNorm();
    requireWithin(place.file(), matrix, distance, allowed, norm);
  }

  /**
   * Requires factors to be those of the edited update.
   *
   * @param before as the source has them
   * @param found as they were written
   * @throws UserInputException with code {@code NOT_WRITTEN}
   */
  static void require(
      String file, String matrix, StoredFactors before, MatrixEdit edit, StoredFactors found) {
    LowRankProduct intended = intended(before, edit);
    double b = Math.abs(found.scale()) * found.b().frobeniusNorm();
    double a = found.a().frobeniusNorm();
    double allowed =
        (found.typeB().unitRoundoff() * 1.01 + found.typeA().unitRoundoff() * 1.01 + ARITHMETIC)
                * b
                * a
            + Math.sqrt((double) found.b().rows() * found.rank())
                * Math.abs(found.scale())
                * ElementEncoder.absoluteError(found.typeB())
                * a
            + Math.sqrt((double) found.rank() * found.a().cols())
                * ElementEncoder.absoluteError(found.typeA())
                * b;
    requireWithin(file, matrix, found.update().plus(-1, intended).norm(), allowed, intended.norm());
  }

  private static LowRankProduct intended(StoredFactors before, MatrixEdit edit) {
    if (edit instanceof MatrixEdit.Added added) {
      return before.update().plus(1, LowRankProduct.outer(added.p(), added.q()));
    } else if (edit instanceof MatrixEdit.Scaled scaled) {
      return before.update().scaled(scaled.factor());
    } else if (edit instanceof MatrixEdit.Outside outside) {
      LowRankProduct update = before.update();
      return update.plus(outside.factor(), update.outside(outside.u(), outside.v()));
    } else if (edit instanceof MatrixEdit.Replaced replaced) {
      return new LowRankProduct(replaced.b(), replaced.a());
    }
    return before.update();
  }

  private static void requireWithin(
      String file, String matrix, double distance, double allowed, double norm) {
    if (!(distance <= allowed)) {
      throw notHeld(
          file,
          matrix,
          "read back, it differs from the edited matrix by %.3g of its norm, which rounding does not"
              .formatted(distance / Math.max(norm, Double.MIN_NORMAL)));
    }
  }

  /** Why a matrix is not in the edited model. */
  static UserInputException notHeld(String file, String matrix, String reason) {
    return UserInputException.inTensor(
        RejectCode.NOT_WRITTEN,
        file,
        matrix,
        "The edited model does not hold it: %s; please report this".formatted(reason));
  }
}
