package io.github.intruders.compare;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.CoordinateUpdate.Factors;
import io.github.intruders.scan.TunedWeights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Reads the updates of checkpoints, matrix by matrix. One thread at a time. */
public final class UpdateReader {
  private final TensorReader reader;
  private final TunedWeights weights;
  private final int leading;
  private final MemoryLimit memory;

  /**
   * A reader of one task.
   *
   * @param leading how many triplets are taken of an update that is not of low rank
   * @param memory what one update may use while it is read
   */
  public UpdateReader(Storage storage, int leading, MemoryLimit memory) {
    this.reader = new TensorReader(storage);
    this.weights = new TunedWeights(reader);
    this.leading = leading;
    this.memory = memory;
  }

  /** How many triplets the update of a plan has at most. */
  public static int rank(MatrixPlan plan, int leading) {
    return Math.min(
        plan.base().minDimension(),
        plan.update() instanceof UpdateSource.LowRank chain ? chain.rank() : leading);
  }

  /** Whether the update of a plan is formed as a whole matrix. */
  public static boolean isWhole(MatrixPlan plan) {
    return !(plan.update() instanceof UpdateSource.LowRank);
  }

  /**
   * Reads an update, which the caller frees.
   *
   * @throws UserInputException if a tensor can't be used, or the memory does not suffice
   */
  public UpdateTriplets read(MatrixPlan plan) throws IOException {
    BaseMatrix base = plan.base();
    try (Arena arena = Arena.open()) {
      if (plan.update() instanceof UpdateSource.LowRank chain) {
        require(
            plan,
            3
                * UpdateTriplets.nativeBytes(
                    base.source().rows(), base.source().cols(), chain.rank()));
        Factors factors =
            Factors.read(
                reader, plan.update().adapters(), base.source().rows(), base.source().cols());
        return UpdateTriplets.ofFactors(factors.b(), factors.a());
      }
      int rows = base.source().rows();
      int cols = base.source().cols();
      require(plan, 3L * rows * cols * Double.BYTES);
      Matrix update = weights.tuned(plan, Precision.DOUBLE);
      update.plusInPlace(-1, weights.base(plan, Precision.DOUBLE));
      return UpdateTriplets.ofWhole(
          update, leading, base.name(), content(update), bytes -> require(plan, bytes));
    } catch (ArithmeticException e) {
      throw UserInputException.inTensor(
          RejectCode.NOT_FINITE,
          plan.updateSources().get(0).file(),
          base.name(),
          "%s; found in %s".formatted(e.getMessage(), plan.checkpointId()));
    }
  }

  private void require(MatrixPlan plan, long bytes) {
    memory.require(
        bytes,
        "the update of %dx%d".formatted(plan.base().source().rows(), plan.base().source().cols()),
        plan.updateSources().get(0).file(),
        plan.base().name());
  }

  /** Names a matrix by its elements. */
  private static String content(Matrix update) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      ByteBuffer bytes = ByteBuffer.allocate(update.cols() * Double.BYTES);
      for (int i = 0; i < update.rows(); i++) {
        bytes.asDoubleBuffer().put(update.row(i));
        digest.update(bytes.array());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }
}
