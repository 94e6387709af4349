package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;

/**
 * A matrix M as the Krylov route sees it: one in working precision, which all steps go through, and
 * products in double precision with what the matrix really is, which certificates are made of.
 */
public interface LinearMap {
  /** M in working precision, (m, n); may be off by its rounding. */
  LinearOperator working();

  /** ‖M‖_F in working precision, summed in double; or a bound of it from above. */
  double norm();

  /** Both products in double precision; new matrices. */
  Products exact(Matrix right, Matrix left);

  /**
   * Products of vectors that are kept as rows.
   *
   * @param forth (M · rightᵀ)ᵀ, (a, m)
   * @param back left · M, (b, n)
   */
  record Products(Matrix forth, Matrix back) {}

  default int rows() {
    return working().rows();
  }

  default int cols() {
    return working().cols();
  }

  /**
   * A whole matrix.
   *
   * @param working (m, n)
   * @param exact what it is a rounding of, in any precision; itself where nothing was rounded
   */
  record Whole(Matrix working, Matrix exact) implements LinearMap {
    private static final int CHUNK_ELEMENTS = 1 << 18;

    /** A matrix that working precision holds. */
    public Whole(Matrix working) {
      this(working, working);
    }

    @Override
    public double norm() {
      return working.frobeniusNorm();
    }

    @Override
    public Products exact(Matrix right, Matrix left) {
      int m = working.rows();
      int n = working.cols();
      Matrix forth = Matrix.allocate(right.rows(), m, Precision.DOUBLE);
      Matrix back = Matrix.zeros(left.rows(), n, Precision.DOUBLE);
      int chunk = exact.precision() == Precision.DOUBLE ? m : Math.max(1, CHUNK_ELEMENTS / n);
      for (int from = 0; from < m; from += chunk) {
        int to = Math.min(m, from + chunk);
        try (Arena arena = Arena.open()) {
          Matrix rows = exact.rowRange(from, to).in(Precision.DOUBLE);
          forth.columnRange(from, to).assignProduct(right, rows.t());
          back.plusProductInPlace(1, left.columnRange(from, to), rows);
        }
      }
      return new Products(forth, back);
    }
  }

  /**
   * A matrix plus a low-rank one.
   *
   * @param of the matrix before
   * @param b (m, r) in double precision
   * @param a (r, n) in double precision
   */
  record Updated(LinearMap of, Matrix b, Matrix a) implements LinearMap {
    /** The sum, not formed: each product is the sum of two. Copies the factors. */
    @Override
    public LinearOperator working() {
      Precision precision = of.working().precision();
      return new Sum(of.working(), b.in(precision), a.in(precision));
    }

    @Override
    public double norm() {
      return of.norm() + b.frobeniusNorm() * a.frobeniusNorm();
    }

    @Override
    public Products exact(Matrix right, Matrix left) {
      Products products = of.exact(right, left);
      products.forth().plusProductInPlace(1, right.times(a.t()), b.t());
      products.back().plusProductInPlace(1, left.times(b), a);
      return products;
    }

    /** M + b · a, not formed. */
    private record Sum(LinearOperator of, Matrix b, Matrix a) implements LinearOperator {
      @Override
      public int rows() {
        return of.rows();
      }

      @Override
      public int cols() {
        return of.cols();
      }

      @Override
      public Precision precision() {
        return of.precision();
      }

      @Override
      public Matrix forth(Matrix x) {
        return of.forth(x).plusProductInPlace(1, b, a.times(x));
      }

      @Override
      public Matrix back(Matrix x) {
        return of.back(x).plusProductInPlace(1, a.t(), b.t().times(x));
      }
    }
  }
}
