package io.github.intruders.accumulation;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.scan.TunedVectors;
import java.io.Serializable;
import java.util.List;

/**
 * The intruders of one matrix in one checkpoint, to be looked for in other checkpoints of the same
 * base. They are matched as those of two steps of a sequence are, one to one, by their vectors on
 * both sides. Holds native memory of its own until it is closed.
 */
public final class SharedIntruders implements AutoCloseable {
  private final IntruderVectors vectors;

  private SharedIntruders(IntruderVectors vectors) {
    this.vectors = vectors;
  }

  /** Of a matrix that has none, whose vectors need not be known. */
  public static SharedIntruders none() {
    return new SharedIntruders(null);
  }

  /**
   * Of a matrix that has some.
   *
   * @param intruders by singular index, ascending
   * @param vectors the matrix's leading ones, which are copied
   */
  public static SharedIntruders of(List<Intruder> intruders, TunedVectors vectors) {
    return intruders.isEmpty()
        ? none()
        : new SharedIntruders(IntruderVectors.of(new StepIntruders(0, null, intruders, vectors)));
  }

  /**
   * The same in the Java heap, to travel from one task to others.
   *
   * @param left vectors as columns, row by row
   * @param right the same of the other side
   */
  public record Packed(List<Intruder> intruders, double[][] left, double[][] right)
      implements Serializable {
    /** Holds native memory again. */
    public SharedIntruders unpack() {
      if (intruders.isEmpty()) {
        return none();
      }
      try (Arena arena = Arena.open()) {
        return new SharedIntruders(
            new IntruderVectors(
                0, intruders, arena.handOver(Matrix.of(left)), arena.handOver(Matrix.of(right))));
      }
    }
  }

  /** A copy in the Java heap. */
  public Packed pack() {
    return vectors == null
        ? new Packed(List.of(), new double[0][], new double[0][])
        : new Packed(vectors.intruders(), rows(vectors.left()), rows(vectors.right()));
  }

  private static double[][] rows(Matrix matrix) {
    double[][] rows = new double[matrix.rows()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = matrix.row(i);
    }
    return rows;
  }

  /** How many intruders of the one are intruders of the other too. */
  public int sharedWith(SharedIntruders other) {
    if (vectors == null || other.vectors == null || !canShare(other)) {
      return 0;
    }
    return StepMatching.of(vectors, other.vectors).pairs().size();
  }

  /**
   * Whether any pair of directions can reach the similarity of a match: on each side it is at most
   * the norm of all products, however vectors are rotated within clusters.
   */
  private boolean canShare(SharedIntruders other) {
    try (Arena arena = Arena.open()) {
      Matrix left = vectors.left().t().times(other.vectors.left());
      Matrix right = vectors.right().t().times(other.vectors.right());
      return Math.sqrt(left.frobeniusNorm() * right.frobeniusNorm()) >= StepMatching.MATCH;
    }
  }

  @Override
  public void close() {
    if (vectors != null) {
      vectors.free();
    }
  }
}
