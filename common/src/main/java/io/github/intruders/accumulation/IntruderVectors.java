package io.github.intruders.accumulation;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.util.List;

/**
 * The vectors of the intruders of a step, and no others: copies in memory of their own, whatever
 * arena is open, until they are freed.
 *
 * @param step its number
 * @param intruders by singular index, ascending
 * @param left (m, intruders) in double precision, a column for each
 * @param right (n, intruders) in double precision
 */
record IntruderVectors(int step, List<Intruder> intruders, Matrix left, Matrix right) {
  static IntruderVectors of(StepIntruders step) {
    try (Arena arena = Arena.open()) {
      Matrix left = columns(step.vectors().u(), step.intruders());
      Matrix right = columns(step.vectors().v(), step.intruders());
      return new IntruderVectors(
          step.step(), step.intruders(), arena.handOver(left), arena.handOver(right));
    }
  }

  void free() {
    left.free();
    right.free();
  }

  private static Matrix columns(Matrix vectors, List<Intruder> intruders) {
    Matrix chosen = Matrix.allocate(vectors.rows(), intruders.size(), Precision.DOUBLE);
    for (int j = 0; j < intruders.size(); j++) {
      int index = intruders.get(j).singularIndex();
      chosen.columnRange(j, j + 1).assign(vectors.columnRange(index, index + 1));
    }
    return chosen;
  }
}
