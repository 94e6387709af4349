package io.github.intruders.jobs.scan;

import io.github.intruders.cost.CostModel;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.krylov.LinearMap;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;

/**
 * A matrix of which executors hold blocks of rows, in memory or on their disks. A product is one
 * Spark job, or several where it is broad: the thin factor is broadcast, every task multiplies its
 * blocks by BLAS, and what comes back are rows of the product, or sums that a tree of tasks adds
 * up. Nothing that travels is larger than {@link Sizes} says.
 *
 * <p>MLlib's RowMatrix is not used for it: its public products go row by row in double precision
 * without BLAS-3, computeSVD takes one vector at a time through the matrix, and it has no
 * transposed product.
 */
final class SpreadMatrix implements LinearOperator, AutoCloseable {
  private final JavaSparkContext context;
  private final JavaRDD<Block> blocks;
  private final int rows;
  private final int cols;
  private final Sizes sizes;
  private final double norm;

  /**
   * Rows of a matrix that follow each other.
   *
   * @param index which block it is
   * @param from its first row
   */
  record Block(int index, int from, HeapMatrix values) implements Serializable {
    /** The same rows of another matrix; copied. */
    Block with(Matrix others) {
      return new Block(index, from, HeapMatrix.of(others));
    }
  }

  /**
   * What bounds memory and messages.
   *
   * @param blockBytes of a block in double precision, twice
   * @param imageBytes of a thin matrix that is broadcast or collected, in single precision
   * @param sumBytes of one sum on its way from task to task, in double precision
   */
  record Sizes(long blockBytes, long imageBytes, long sumBytes) implements Serializable {
    /** For tasks with so much memory. */
    static Sizes of(long taskBytes) {
      long bytes = CostModel.spreadBlockBytes(taskBytes);
      return new Sizes(bytes, bytes, bytes / 2);
    }

    /** How many columns of such a matrix's products go at once. */
    int columns(int rows, int cols) {
      long byImage = imageBytes / (Float.BYTES * (long) Math.max(rows, cols));
      long bySum = sumBytes / (Double.BYTES * (long) cols);
      return (int) Math.max(1, Math.min(byImage, bySum));
    }
  }

  /**
   * Keeps blocks where they are computed; one job does it.
   *
   * @param blocks all rows, not yet computed
   */
  SpreadMatrix(JavaSparkContext context, JavaRDD<Block> blocks, int rows, int cols, Sizes sizes) {
    this.context = context;
    this.blocks = blocks.persist(StorageLevel.MEMORY_AND_DISK());
    this.rows = rows;
    this.cols = cols;
    this.sizes = sizes;
    double squares = 0;
    try {
      for (double of : this.blocks.map(SpreadMatrix::squares).collect()) {
        squares += of;
      }
    } catch (Throwable e) {
      close();
      throw e;
    }
    this.norm = Math.sqrt(squares);
  }

  private static double squares(Block block) {
    TaskThreads.apply();
    try (Arena arena = Arena.open()) {
      double norm = block.values().matrix(Precision.SINGLE).frobeniusNorm();
      return norm * norm;
    }
  }

  /** The blocks, kept. */
  JavaRDD<Block> blocks() {
    return blocks;
  }

  /** The Frobenius norm of its rounding to single precision. */
  double norm() {
    return norm;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int cols() {
    return cols;
  }

  @Override
  public Precision precision() {
    return Precision.SINGLE;
  }

  @Override
  public Matrix forth(Matrix x) {
    return forth(x, Precision.SINGLE);
  }

  @Override
  public Matrix back(Matrix x) {
    return back(x, Precision.SINGLE);
  }

  private Matrix forth(Matrix x, Precision precision) {
    Matrix product = Matrix.allocate(rows, x.cols(), precision);
    bySlices(
        x,
        (factor, from, to) -> {
          for (Block image : blocks.mapPartitions(new Forth(factor, precision)).collect()) {
            try (Arena arena = Arena.open()) {
              Matrix rowsOf = image.values().matrix(precision);
              product
                  .rowRange(image.from(), image.from() + rowsOf.rows())
                  .columnRange(from, to)
                  .assign(rowsOf);
            }
          }
        });
    return product;
  }

  private Matrix back(Matrix x, Precision precision) {
    Matrix product = Matrix.allocate(cols, x.cols(), precision);
    bySlices(
        x,
        (factor, from, to) -> {
          HeapMatrix sum =
              blocks.mapPartitions(new Back(factor, precision)).treeReduce(HeapMatrix::plus, 2);
          try (Arena arena = Arena.open()) {
            product.columnRange(from, to).assign(sum.matrix(Precision.DOUBLE));
          }
        });
    return product;
  }

  /** Does something with some columns of a factor, which executors have. */
  @FunctionalInterface
  private interface Slice {
    void take(Broadcast<HeapMatrix> factor, int from, int to);
  }

  private void bySlices(Matrix x, Slice work) {
    int width = sizes.columns(rows, cols);
    for (int from = 0; from < x.cols(); from += width) {
      int to = Math.min(x.cols(), from + width);
      Broadcast<HeapMatrix> factor = context.broadcast(HeapMatrix.of(x.columnRange(from, to)));
      try {
        work.take(factor, from, to);
      } finally {
        factor.destroy();
      }
    }
  }

  @Override
  public void close() {
    blocks.unpersist(false);
  }

  /** As the Krylov route sees it, or its transpose. */
  LinearMap map(boolean flipped) {
    return new Map(this, flipped);
  }

  private record Map(SpreadMatrix matrix, boolean flipped) implements LinearMap {
    @Override
    public LinearOperator working() {
      return flipped ? matrix.t() : matrix;
    }

    @Override
    public double norm() {
      return matrix.norm();
    }

    @Override
    public Products exact(Matrix right, Matrix left) {
      Matrix through = flipped ? left : right;
      Matrix back = flipped ? right : left;
      Matrix images;
      Matrix sums;
      try (Arena arena = Arena.open()) {
        images = arena.keep(matrix.forth(through.transposed(), Precision.DOUBLE).transposed());
        sums = arena.keep(matrix.back(back.transposed(), Precision.DOUBLE).transposed());
      }
      return flipped ? new Products(sums, images) : new Products(images, sums);
    }
  }

  /** Executor work: rows of the product of a task's blocks. */
  private record Forth(Broadcast<HeapMatrix> factor, Precision precision)
      implements FlatMapFunction<Iterator<Block>, Block> {
    @Override
    public Iterator<Block> call(Iterator<Block> blocks) {
      TaskThreads.apply();
      List<Block> images = new ArrayList<>();
      try (Arena ofAll = Arena.open()) {
        Matrix x = factor.value().matrix(precision);
        while (blocks.hasNext()) {
          Block block = blocks.next();
          try (Arena arena = Arena.open()) {
            Matrix image = block.values().matrix(precision).times(x);
            images.add(block.with(image));
          }
        }
      }
      return images.iterator();
    }
  }

  /** Executor work: the sum of the products of a task's blocks, in double precision. */
  private record Back(Broadcast<HeapMatrix> factor, Precision precision)
      implements FlatMapFunction<Iterator<Block>, HeapMatrix> {
    @Override
    public Iterator<HeapMatrix> call(Iterator<Block> blocks) {
      TaskThreads.apply();
      try (Arena ofAll = Arena.open()) {
        Matrix sum = null;
        while (blocks.hasNext()) {
          Block block = blocks.next();
          try (Arena arena = Arena.open()) {
            Matrix rows = block.values().matrix(precision);
            Matrix x = factor.value().rowRange(block.from(), block.from() + rows.rows(), precision);
            Matrix product = rows.t().times(x).in(Precision.DOUBLE);
            sum = sum == null ? arena.keep(product) : sum.plusInPlace(1, product);
          }
        }
        return sum == null
            ? List.<HeapMatrix>of().iterator()
            : List.of(HeapMatrix.of(sum)).iterator();
      }
    }
  }
}
