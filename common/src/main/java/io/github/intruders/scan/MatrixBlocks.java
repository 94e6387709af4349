package io.github.intruders.scan;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.GramSpectrum;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads a matrix in blocks along its long side and sums what {@link GramRoute} needs over some of
 * them. A wide matrix is read as its transpose, which is tall: rows and columns below are those of
 * the tall one. One thread at a time.
 */
public final class MatrixBlocks {
  private final TensorReader reader;
  private final BaseMatrix base;
  private final int rowsPerBlock;

  /**
   * @param blockBytes what one block of base and tuned may take in double precision
   */
  public MatrixBlocks(Storage storage, BaseMatrix base, long blockBytes) {
    this.reader = new TensorReader(storage);
    this.base = base;
    this.rowsPerBlock = rowsPerBlock(base, blockBytes);
  }

  /** Whether one side is far longer than the other, and parts of it can be read. */
  public static boolean suits(BaseMatrix base) {
    return base.source().scale() == null && longSide(base) >= 2 * base.minDimension();
  }

  private static int longSide(BaseMatrix base) {
    return Math.max(base.source().rows(), base.source().cols());
  }

  private static int rowsPerBlock(BaseMatrix base, long blockBytes) {
    long rowBytes = 2L * Double.BYTES * base.minDimension();
    return (int) Math.max(1, Math.min(longSide(base), blockBytes / rowBytes));
  }

  /** How many blocks there are. */
  public static int count(BaseMatrix base, long blockBytes) {
    int rows = rowsPerBlock(base, blockBytes);
    return (longSide(base) + rows - 1) / rows;
  }

  private boolean isWide() {
    return base.source().rows() < base.source().cols();
  }

  private int from(int block) {
    return block * rowsPerBlock;
  }

  private int to(int block) {
    return Math.min(longSide(base), from(block) + rowsPerBlock);
  }

  private Matrix readBase(int block) throws IOException {
    return read(base.source(), block);
  }

  private Matrix read(MatrixSource source, int block) throws IOException {
    MatrixSource tall = isWide() ? source.flipped() : source;
    return reader.read(
        tall.rowRange(tall.matrix(), from(block), to(block) - from(block)), Precision.DOUBLE);
  }

  /** Σ W0ᵀ W0 over these blocks, (n, n), upper triangle. */
  public Matrix gram(List<Integer> blocks) throws IOException {
    int n = base.minDimension();
    Matrix gram = Matrix.zeros(n, n, Precision.DOUBLE);
    for (int block : blocks) {
      try (Arena arena = Arena.open()) {
        gram.plusGramInPlace(readBase(block));
      }
    }
    return gram;
  }

  /** The sums for a tuned matrix, whatever its update. */
  public GramRoute.Sums sums(MatrixPlan plan, List<Integer> blocks) throws IOException {
    CoordinateUpdate.Factors factors = factors(plan);
    GramRoute.Sums sums = GramRoute.Sums.zeros(base.minDimension());
    for (int block : blocks) {
      try (Arena arena = Arena.open()) {
        Matrix w0 = readBase(block);
        Matrix w =
            plan.update() instanceof UpdateSource.Full full ? read(full.tuned(), block) : w0.copy();
        if (factors.rank() > 0) {
          w.plusProductInPlace(1, factors.b().rowRange(from(block), to(block)), factors.a());
        }
        sums.add(w0, w);
      }
    }
    return sums;
  }

  /**
   * Σ W0ᵀ B over these blocks, for the low-rank updates B · A of several checkpoints side by side:
   * (n, ΣR).
   */
  public Matrix projected(List<MatrixPlan> plans, List<Integer> blocks) throws IOException {
    List<Matrix> factors = new ArrayList<>();
    for (MatrixPlan plan : plans) {
      factors.add(factors(plan).b());
    }
    int columns = factors.stream().mapToInt(Matrix::cols).sum();
    Matrix projected = Matrix.zeros(base.minDimension(), columns, Precision.DOUBLE);
    for (int block : blocks) {
      try (Arena arena = Arena.open()) {
        Matrix w0 = readBase(block);
        int column = 0;
        for (Matrix b : factors) {
          projected
              .columnRange(column, column + b.cols())
              .plusProductInPlace(1, w0.t(), b.rowRange(from(block), to(block)));
          column += b.cols();
        }
      }
    }
    return projected;
  }

  /**
   * What the sum of {@link #projected} says of one checkpoint.
   *
   * @param projected its columns of the sum, (n, R)
   * @return nothing if the certificate failed; {@link #sums} always answers
   */
  public Optional<MatrixScan> scan(
      GramSpectrum spectrum, MatrixPlan plan, Matrix projected, ScanSettings settings)
      throws IOException {
    CoordinateUpdate.Factors factors = factors(plan);
    return GramRoute.scan(spectrum, projected, factors.b(), factors.a(), settings);
  }

  /** What the sum of {@link #sums} says of one checkpoint. */
  public MatrixScan scan(
      GramSpectrum spectrum, MatrixPlan plan, GramRoute.Sums sums, ScanSettings settings) {
    EntryChange entries = EntryChange.of(plan, () -> sums.unchanged().get(0, 0));
    return GramRoute.scan(spectrum, sums, settings, MatrixScanner.storedType(plan), entries);
  }

  /** The factors B, (m, R), and A, (R, n), of a plan; of a wide matrix (B A)ᵀ = Aᵀ Bᵀ. */
  private CoordinateUpdate.Factors factors(MatrixPlan plan) throws IOException {
    CoordinateUpdate.Factors factors =
        CoordinateUpdate.Factors.read(
            reader, plan.update().adapters(), base.source().rows(), base.source().cols());
    return isWide()
        ? new CoordinateUpdate.Factors(factors.a().transposed(), factors.b().transposed())
        : factors;
  }
}
