package io.github.intruders.scan;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.CoordinateUpdate.Factors;
import java.io.IOException;
import java.io.Serializable;

/**
 * A base matrix, and what is tuned from it, in blocks of rows; of the matrix itself or of its
 * transpose, whose rows and columns are meant then. One thread at a time.
 */
public final class RowBlocks {
  private final TensorReader reader;
  private final BaseMatrix base;
  private final boolean flipped;
  private final int rows;
  private final int rowsPerBlock;

  /**
   * @param flipped whether rows of the transpose are read
   * @param blockBytes what one block of base and tuned may take in double precision
   */
  RowBlocks(Storage storage, BaseMatrix base, boolean flipped, long blockBytes) {
    this.reader = new TensorReader(storage);
    this.base = base;
    this.flipped = flipped;
    this.rows = flipped ? base.source().cols() : base.source().rows();
    this.rowsPerBlock = rowsPerBlock(base, flipped, blockBytes);
  }

  /** In rows as the base's file holds them, so that each block is read in one go. */
  public static RowBlocks asStored(Storage storage, BaseMatrix base, long blockBytes) {
    return new RowBlocks(storage, base, base.source().transposed(), blockBytes);
  }

  /** How many blocks there are in rows as the base's file holds them. */
  public static int countAsStored(BaseMatrix base, long blockBytes) {
    return count(base, base.source().transposed(), blockBytes);
  }

  static int count(BaseMatrix base, boolean flipped, long blockBytes) {
    int rows = rowsPerBlock(base, flipped, blockBytes);
    int all = flipped ? base.source().cols() : base.source().rows();
    return (all + rows - 1) / rows;
  }

  private static int rowsPerBlock(BaseMatrix base, boolean flipped, long blockBytes) {
    int rows = flipped ? base.source().cols() : base.source().rows();
    int cols = flipped ? base.source().rows() : base.source().cols();
    return (int) Math.max(1, Math.min(rows, blockBytes / (2L * Double.BYTES * cols)));
  }

  /** The first row of a block. */
  public int from(int block) {
    return block * rowsPerBlock;
  }

  int to(int block) {
    return Math.min(rows, from(block) + rowsPerBlock);
  }

  /** A block of W0. */
  public Matrix base(int block, Precision precision) throws IOException {
    return read(base.source(), block, precision);
  }

  private Matrix read(MatrixSource source, int block, Precision precision) throws IOException {
    MatrixSource turned = flipped ? source.flipped() : source;
    String part =
        "%s, %s %d to %d"
            .formatted(source.matrix(), flipped ? "columns" : "rows", from(block), to(block) - 1);
    return reader.read(turned.rowRange(part, from(block), to(block) - from(block)), precision);
  }

  /** The blocks of a tuned matrix. */
  public Tuned tuned(MatrixPlan plan) throws IOException {
    return new Tuned(plan, factors(plan));
  }

  /** Blocks of one tuned matrix; the factors of the adapters that come last stay in memory. */
  public final class Tuned {
    private final MatrixPlan plan;
    private final Factors factors;

    private Tuned(MatrixPlan plan, Factors factors) {
      this.plan = plan;
      this.factors = factors;
    }

    /**
     * A block of W in double precision.
     *
     * @param w0 the same block of the base in double precision; stays as it is
     */
    public Matrix read(int block, Matrix w0) throws IOException {
      Matrix w =
          plan.update() instanceof UpdateSource.Full full
              ? RowBlocks.this.read(full.tuned(), block, Precision.DOUBLE)
              : w0.copy();
      if (factors.rank() > 0) {
        w.plusProductInPlace(1, factors.b().rowRange(from(block), to(block)), factors.a());
      }
      return w;
    }
  }

  /**
   * What an update changes in a block.
   *
   * @param squares Σ (w − w0)²
   * @param unchanged how many entries stayed the same, see {@link Geometry#unchangedShare}
   */
  public record Change(double squares, long unchanged) implements Serializable {
    /** Compares the same block of both, in double precision, and leaves W − W0 in {@code w}. */
    public static Change of(Matrix w0, Matrix w) {
      long unchanged = EntryChange.unchanged(w0, w);
      double norm = w.plusInPlace(-1, w0).frobeniusNorm();
      return new Change(norm * norm, unchanged);
    }
  }

  /** The precision that holds the elements of a tuned matrix. */
  public static Precision precision(MatrixPlan plan) {
    return Routes.isExactInSingle(plan) ? Precision.SINGLE : Precision.DOUBLE;
  }

  /** The factors B, (rows, R), and A, (R, cols), of a plan; of a transpose (B A)ᵀ = Aᵀ Bᵀ. */
  Factors factors(MatrixPlan plan) throws IOException {
    Factors factors =
        Factors.read(reader, plan.update().adapters(), base.source().rows(), base.source().cols());
    return flipped ? new Factors(factors.a().transposed(), factors.b().transposed()) : factors;
  }
}
