package io.github.intruders.spectra;

import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.function.DoubleUnaryOperator;

/**
 * A rule zᵀ f(√(DᵀD)) z ≈ Σ weightᵢ · f(nodeᵢ) of a vector z, for functions with f(0) = 0, from the
 * bidiagonal matrix that Golub and Kahan's process makes of D and z (Golub and Meurant 2010).
 *
 * @param nodes not negative, in the units of D
 * @param weights not negative
 */
record QuadratureRule(double[] nodes, double[] weights) {
  /**
   * The rule of Gauss: exact for polynomials in σ² of degree 2t − 1.
   *
   * @param mass ‖z‖²
   * @param alpha t values of the diagonal
   * @param beta at least t − 1 values above it
   */
  static QuadratureRule gauss(double mass, double[] alpha, double[] beta) {
    return of(mass, alpha, beta, alpha.length, alpha.length);
  }

  /**
   * The rule of Gauss and Radau with one more node, at 0, where it adds nothing: exact for
   * polynomials in σ² of degree 2t − 2. It has t − 1 nodes besides.
   */
  static QuadratureRule radau(double mass, double[] alpha, double[] beta) {
    return of(mass, alpha, beta, alpha.length - 1, alpha.length);
  }

  private static QuadratureRule of(double mass, double[] alpha, double[] beta, int rows, int cols) {
    Matrix bidiagonal = Matrix.zeros(rows, cols, Precision.DOUBLE);
    for (int i = 0; i < rows; i++) {
      bidiagonal.set(i, i, alpha[i]);
      if (i + 1 < cols) {
        bidiagonal.set(i, i + 1, beta[i]);
      }
    }
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(bidiagonal);
    double[] weights = svd.vt().column(0);
    for (int i = 0; i < weights.length; i++) {
      weights[i] *= mass * weights[i];
    }
    return new QuadratureRule(svd.s(), weights);
  }

  /** Σ weightᵢ · f(nodeᵢ). */
  double sum(DoubleUnaryOperator f) {
    double sum = 0;
    for (int i = 0; i < nodes.length; i++) {
      sum += weights[i] * f.applyAsDouble(nodes[i]);
    }
    return sum;
  }
}
