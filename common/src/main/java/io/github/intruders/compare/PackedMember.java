package io.github.intruders.compare;

import io.github.intruders.accumulation.SharedIntruders;
import io.github.intruders.compare.MatrixComparison.Member;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.Serializable;

/**
 * A member in the Java heap, to travel from one task to others.
 *
 * @param ut row by row
 * @param vt row by row
 * @param intruders null where they are not known
 */
public record PackedMember(
    double[] s,
    int rows,
    double[] ut,
    int cols,
    double[] vt,
    double norm,
    boolean whole,
    String content,
    SharedIntruders.Packed intruders)
    implements Serializable {
  /** A copy of a member, which stays the caller's. */
  public static PackedMember of(Member member) {
    UpdateTriplets update = member.update();
    return new PackedMember(
        update.s(),
        update.rows(),
        elements(update.ut()),
        update.cols(),
        elements(update.vt()),
        update.norm(),
        update.whole(),
        update.content(),
        member.intruders() == null ? null : member.intruders().pack());
  }

  /** The update, in the arena that is open or the caller's care. */
  public UpdateTriplets update() {
    return new UpdateTriplets(
        s, matrix(s.length, rows, ut), matrix(s.length, cols, vt), norm, whole, content);
  }

  private static double[] elements(Matrix matrix) {
    double[] elements = new double[Math.multiplyExact(matrix.rows(), matrix.cols())];
    matrix.copyDoubles(0, elements, elements.length);
    return elements;
  }

  private static Matrix matrix(int rows, int cols, double[] elements) {
    Matrix matrix = Matrix.allocate(rows, cols, Precision.DOUBLE);
    matrix.setDoubles(0, elements, elements.length);
    return matrix;
  }
}
