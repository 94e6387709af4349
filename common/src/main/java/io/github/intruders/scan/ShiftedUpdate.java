package io.github.intruders.scan;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LinearSystem;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SymmetricEigen;
import java.util.Arrays;

/**
 * The matrices K − τ for K = [0 M; Mᵀ 0], M = diag(S0) + lᵀ · r, and several shifts τ. The
 * eigenvalues of K tell all about the singular values of M: they are ±σ, and zeros.
 *
 * <p>K is K0 = [0 D; Dᵀ 0] plus Z C Zᵀ with Z = lᵀ ⊕ rᵀ and C = [0 I; I 0]. The inverse of K0 − τ
 * is 2 × 2 per coordinate, so everything follows from the capacitance N = −C − Zᵀ (K0 − τ)⁻¹ Z of
 * order 2R: by Sherman, Morrison and Woodbury a system is solved exactly, and by Haynsworth's
 * inertia additivity on the bordered matrix [K0 − τ, Z; Zᵀ, −C⁻¹] eigenvalues are counted exactly:
 *
 * <pre>n₊(K − τ) = n₊(K0 − τ) + n₊(N) − R</pre>
 *
 * where n₊, the number of positive eigenvalues, of K0 − τ is the number of base singular values
 * above τ.
 */
final class ShiftedUpdate {
  /** How many coordinates are taken at once; what is made of them stays in the cache. */
  private static final int CHUNK = 512;

  private final CoordinateUpdate update;
  private final int rank;
  private final Shift[] shifts;

  /**
   * @param s0 the base's singular values
   * @param taus positive; moved by a hair where they meet one of them
   */
  ShiftedUpdate(double[] s0, CoordinateUpdate update, double... taus) {
    this.update = update;
    this.rank = update.rank();
    int length = Math.max(update.l().cols(), update.r().cols());
    this.shifts =
        Arrays.stream(taus).mapToObj(tau -> Shift.of(s0, tau, length)).toArray(Shift[]::new);
  }

  /**
   * (K0 − τ)⁻¹ = −[own cross; cross own], coordinate by coordinate.
   *
   * @param own τ / (τ² − s²), for coordinates beyond the base's too
   * @param cross s / (τ² − s²)
   * @param baseAbove how many base singular values lie above τ
   */
  private record Shift(double[] own, double[] cross, int baseAbove) {
    static Shift of(double[] s0, double tau, int length) {
      double[] own = new double[length];
      double[] cross = new double[s0.length];
      double smallest = 4 * Math.ulp(tau * tau);
      int above = 0;
      for (int i = 0; i < length; i++) {
        double s = i < s0.length ? s0[i] : 0;
        double determinant = (tau - s) * (tau + s);
        if (Math.abs(determinant) < smallest) {
          determinant = smallest;
        }
        above += determinant < 0 ? 1 : 0;
        own[i] = tau / determinant;
        if (i < s0.length) {
          cross[i] = s / determinant;
        }
      }
      return new Shift(own, cross, above);
    }

    /** (K0 − τ)⁻¹ [u; v] in place; coordinates beyond the base's have no partner. */
    void applyInverse(double[] u, double[] v) {
      for (int i = 0; i < cross.length; i++) {
        double left = u[i];
        u[i] = -(own[i] * left + cross[i] * v[i]);
        v[i] = -(cross[i] * left + own[i] * v[i]);
      }
      for (int i = cross.length; i < u.length; i++) {
        u[i] *= -own[i];
      }
      for (int i = cross.length; i < v.length; i++) {
        v[i] *= -own[i];
      }
    }
  }

  /** For every shift, the number of singular values of M above it. */
  int[] singularValuesAbove() {
    int[] above = new int[shifts.length];
    Matrix[] capacitances = capacitances();
    for (int j = 0; j < above.length; j++) {
      above[j] = shifts[j].baseAbove() + SymmetricEigen.positiveValues(capacitances[j]) - rank;
    }
    return above;
  }

  /**
   * Solves (K − τ) [u; v] = [a; b] in place for every shift: one step of inverse iteration.
   *
   * @param u one a for each shift on entry, as rows
   * @param v one b for each shift on entry, as rows
   * @return false if a τ is an eigenvalue to the last bit; u and v are of no use then
   */
  boolean solve(Matrix u, Matrix v) {
    applyBaseInverse(u, v);
    Matrix small = Matrix.allocate(shifts.length, 2 * rank, Precision.DOUBLE);
    Matrix left = small.columnRange(0, rank).assignProduct(u, update.l().t());
    Matrix right = small.columnRange(rank, 2 * rank).assignProduct(v, update.r().t());
    Matrix[] capacitances = capacitances();
    for (int j = 0; j < shifts.length; j++) {
      if (!LinearSystem.solveInPlace(capacitances[j], small.rowRange(j, j + 1))) {
        return false;
      }
    }
    Matrix du = left.times(update.l());
    Matrix dv = right.times(update.r());
    applyBaseInverse(du, dv);
    u.plusInPlace(1, du);
    v.plusInPlace(1, dv);
    return true;
  }

  /** (K0 − τ)⁻¹ [u; v] in place, the vectors of each shift as a row. */
  void applyBaseInverse(Matrix u, Matrix v) {
    for (int j = 0; j < shifts.length; j++) {
      double[] left = u.row(j);
      double[] right = v.row(j);
      shifts[j].applyInverse(left, right);
      u.setRow(j, left);
      v.setRow(j, right);
    }
  }

  /** N for every shift, symmetric, (2R, 2R). All come from three large products. */
  private Matrix[] capacitances() {
    int p = shifts[0].cross().length;
    Matrix l = update.l();
    Matrix r = update.r();
    Matrix ownLeft = products(l, l, l.cols(), Shift::own);
    Matrix ownRight = products(r, r, r.cols(), Shift::own);
    Matrix mixed = products(r, l, p, Shift::cross);
    Matrix identity = Matrix.identity(rank, Precision.DOUBLE);
    Matrix[] capacitances = new Matrix[shifts.length];
    for (int j = 0; j < shifts.length; j++) {
      int from = j * rank;
      int to = from + rank;
      Matrix n = Matrix.allocate(2 * rank, 2 * rank, Precision.DOUBLE);
      Matrix top = n.rowRange(0, rank);
      Matrix bottom = n.rowRange(rank, 2 * rank);
      Matrix corner = mixed.rowRange(from, to).plusInPlace(-1, identity);
      top.columnRange(0, rank).assign(ownLeft.rowRange(from, to));
      top.columnRange(rank, 2 * rank).assign(corner.transposed());
      bottom.columnRange(0, rank).assign(corner);
      bottom.columnRange(rank, 2 * rank).assign(ownRight.rowRange(from, to));
      capacitances[j] = n;
    }
    return capacitances;
  }

  private interface Weights {
    double[] of(Shift shift);
  }

  /**
   * a · diag(weights) · bᵀ for the weights of every shift, one below the other.
   *
   * @param length how many coordinates take part
   */
  private Matrix products(Matrix a, Matrix b, int length, Weights weights) {
    Matrix products = Matrix.zeros(shifts.length * rank, rank, Precision.DOUBLE);
    try (Arena arena = Arena.open()) {
      Matrix scaled = Matrix.allocate(shifts.length * rank, CHUNK, Precision.DOUBLE);
      for (int from = 0; from < length; from += CHUNK) {
        int to = Math.min(length, from + CHUNK);
        Matrix chunk = scaled.columnRange(0, to - from);
        assignScaled(chunk, a.columnRange(from, to), from, weights);
        products.plusProductInPlace(1, chunk, b.columnRange(from, to).t());
      }
    }
    return products;
  }

  /**
   * Overwrites {@code scaled} with a · diag(weights) for every shift, one below the other.
   *
   * @param from which coordinate the first column of {@code a} is
   */
  private void assignScaled(Matrix scaled, Matrix a, int from, Weights weights) {
    double[] row = new double[a.cols()];
    for (int i = 0; i < rank; i++) {
      double[] values = a.row(i);
      for (int j = 0; j < shifts.length; j++) {
        double[] weight = weights.of(shifts[j]);
        for (int c = 0; c < row.length; c++) {
          row[c] = values[c] * weight[from + c];
        }
        scaled.setRow(j * rank + i, row);
      }
    }
  }
}
