package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dgelqf;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dorglq;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sgelqf;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_sorglq;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;

/**
 * A thin QR factorisation X = Q · R of a tall matrix.
 *
 * @param q (n, b), orthonormal columns spanning those of X (and more, where X lacks rank)
 * @param r (b, b), upper triangular
 */
public record OrthonormalBasis(Matrix q, Matrix r) {

  /**
   * Factorises {@code x} by Householder reflections; {@code x} stays as it is.
   *
   * @param x (n, b) with b ≤ n
   */
  public static OrthonormalBasis of(Matrix x) {
    int n = x.rows();
    int b = x.cols();
    if (b > n) {
      throw new IllegalArgumentException("Cannot orthonormalise more columns than rows: " + x);
    }
    Matrix q = x.copy();
    Matrix r = Matrix.zeros(b, b, x.precision());
    if (b == 0) {
      return new OrthonormalBasis(q, r);
    }
    Matrix tau = Matrix.allocate(1, b, x.precision());
    // LAPACK sees the row-major X as Xᵀ = L · Q', so that X = Q'ᵀ · Lᵀ.
    int info =
        x.precision() == Precision.SINGLE
            ? LAPACKE_sgelqf(LAPACK_COL_MAJOR, b, n, q.floats(), b, tau.floats())
            : LAPACKE_dgelqf(LAPACK_COL_MAJOR, b, n, q.doubles(), b, tau.doubles());
    requireSuccess("gelqf", x, info);
    for (int i = 0; i < b; i++) {
      for (int j = i; j < b; j++) {
        r.set(i, j, q.get(i, j));
      }
    }
    info =
        x.precision() == Precision.SINGLE
            ? LAPACKE_sorglq(LAPACK_COL_MAJOR, b, n, b, q.floats(), b, tau.floats())
            : LAPACKE_dorglq(LAPACK_COL_MAJOR, b, n, b, q.doubles(), b, tau.doubles());
    requireSuccess("orglq", x, info);
    return new OrthonormalBasis(q, r);
  }

  private static void requireSuccess(String routine, Matrix x, int info) {
    if (info != 0) {
      throw new IllegalArgumentException(
          "%s refused a %s matrix: info %d (are all elements finite?)".formatted(routine, x, info));
    }
  }
}
