package io.github.intruders.scan;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
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
  private final BaseMatrix base;
  private final RowBlocks rows;

  /**
   * @param blockBytes what one block of base and tuned may take in double precision
   */
  public MatrixBlocks(Storage storage, BaseMatrix base, long blockBytes) {
    this.base = base;
    this.rows = new RowBlocks(storage, base, isWide(base), blockBytes);
  }

  /** Whether one side is far longer than the other, and parts of it can be read. */
  public static boolean suits(BaseMatrix base) {
    return base.source().scale() == null && longSide(base) >= 2 * base.minDimension();
  }

  private static int longSide(BaseMatrix base) {
    return Math.max(base.source().rows(), base.source().cols());
  }

  /** How many blocks there are. */
  public static int count(BaseMatrix base, long blockBytes) {
    return RowBlocks.count(base, isWide(base), blockBytes);
  }

  private static boolean isWide(BaseMatrix base) {
    return base.source().rows() < base.source().cols();
  }

  private Matrix readBase(int block) throws IOException {
    return rows.base(block, Precision.DOUBLE);
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
    RowBlocks.Tuned tuned = rows.tuned(plan);
    GramRoute.Sums sums = GramRoute.Sums.zeros(base.minDimension());
    for (int block : blocks) {
      try (Arena arena = Arena.open()) {
        Matrix w0 = readBase(block);
        sums.add(w0, tuned.read(block, w0));
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
      factors.add(rows.factors(plan).b());
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
              .plusProductInPlace(1, w0.t(), b.rowRange(rows.from(block), rows.to(block)));
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
    CoordinateUpdate.Factors factors = rows.factors(plan);
    return GramRoute.scan(spectrum, projected, factors.b(), factors.a(), settings);
  }

  /** What the sum of {@link #sums} says of one checkpoint. */
  public MatrixScan scan(
      GramSpectrum spectrum, MatrixPlan plan, GramRoute.Sums sums, ScanSettings settings) {
    EntryChange entries = EntryChange.of(plan, () -> sums.unchanged().get(0, 0));
    return GramRoute.scan(spectrum, sums, settings, MatrixScanner.storedType(plan), entries);
  }
}
