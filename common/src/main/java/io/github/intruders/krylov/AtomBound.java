package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SymmetricEigen;

/**
 * How large the component of a vector x on any one eigenvector can be, as a function of the
 * eigenvalue, from a few Lanczos steps that start at x.
 *
 * <p>Let A = M Mᵀ, and let t steps of Golub and Kahan's bidiagonalisation from x give Q (t + 1
 * columns, the first of them x / ‖x‖) and V (t columns) with
 *
 * <pre>M V = Q B + F,   Mᵀ Q E = V Bₜᵀ + G</pre>
 *
 * where E drops the last column, B is lower bidiagonal, Bₜ its first t rows, and F and G are the
 * errors of rounding. For an eigenvector w of A with eigenvalue λ = σ² and ω = Qᵀ w it follows that
 *
 * <pre>ωᵀ (H − λ E) = −(wᵀ F Bₜᵀ + σ yᵀ G),   H = B Bₜᵀ,</pre>
 *
 * with y the partner of w. So for <em>every</em> s
 *
 * <pre>|⟨w, x⟩| ≤ ‖x‖ (‖Q‖ ‖e₁ − (H − λ E) s‖ + ‖F‖ ‖Bₜᵀ s‖ + σ ‖G‖ ‖s‖).</pre>
 *
 * Without rounding the best s gives the Christoffel function of the measure of x (the bound of
 * Chebyshev, Markov and Stieltjes on an atom). Here s is the solution of a least-squares problem
 * with a little regularisation; whatever it is, the bound holds. For a fixed s the norm is convex
 * in λ, so that its largest value over an interval lies at an end: bounds over intervals are
 * rigorous, and no grid is trusted between its points. Immutable.
 */
public final class AtomBound {
  /** What the decomposition of H in double precision may be off by, relative to its norm. */
  private static final double SMALL_ERROR = 1e-13;

  /** How far a value has to lie outside the nodes as computed, relative to that norm. */
  private static final double APART = 1e-9;

  /** By what factor distances to the nodes may then be off. */
  private static final double OFF = 1.001;

  private final double norm;
  private final double basisNorm;
  private final double forthError;
  private final double backError;
  private final double[] theta;
  private final double[] first;
  private final double[] last;
  private final double coupling;
  private final double ridge;

  /**
   * From a run.
   *
   * @param norm ‖x‖
   * @param alpha t diagonal elements of B
   * @param beta t elements below them, the last of which leads out of the t steps
   * @param basisNorm an upper bound of ‖Q‖
   * @param forthError an upper bound of ‖F‖
   * @param backError an upper bound of ‖G‖
   */
  public AtomBound(
      double norm,
      double[] alpha,
      double[] beta,
      double basisNorm,
      double forthError,
      double backError) {
    int t = alpha.length;
    this.norm = norm;
    this.basisNorm = basisNorm;
    this.forthError = forthError;
    this.backError = backError;
    try (Arena arena = Arena.open()) {
      Matrix h = Matrix.zeros(t, t, Precision.DOUBLE);
      for (int i = 0; i < t; i++) {
        double below = i == 0 ? 0 : beta[i - 1];
        h.set(i, i, alpha[i] * alpha[i] + below * below);
        if (i + 1 < t) {
          h.set(i, i + 1, alpha[i] * beta[i]);
          h.set(i + 1, i, alpha[i] * beta[i]);
        }
      }
      SymmetricEigen eigen = SymmetricEigen.of(h);
      theta = eigen.values();
      first = eigen.vectors().column(0);
      last = eigen.vectors().column(t - 1);
    }
    coupling = beta[t - 1] * alpha[t - 1];
    double largest = Math.max(theta[t - 1], Double.MIN_NORMAL);
    ridge =
        Math.max(1e-12 * largest, forthError * Math.sqrt(largest) + backError * Math.sqrt(largest));
  }

  /** The Gauss nodes, ascending: the squares of the singular values of Bₜ. */
  public double[] nodes() {
    return theta.clone();
  }

  /**
   * An upper bound of |⟨w, x⟩| for every unit eigenvector w whose eigenvalue lies in [from, to].
   *
   * @param from at least 0
   */
  public double over(double from, double to) {
    int t = theta.length;
    double within = within(from, to);
    double apart = APART * scale();
    if (from > theta[t - 1] + apart) {
      return Math.min(within, outside(from));
    }
    return to < theta[0] - apart ? Math.min(within, outside(to)) : within;
  }

  /**
   * The bound at a value outside the nodes, which holds for all values farther out. With Hₜ the
   * first t rows of H, {@code s = (Hₜ − λ E)⁻¹ e₁} leaves of e₁ only what leads out of the t steps,
   * and since Hₜ is tridiagonal that is a constant over Π |λ − θᵢ|: it falls with every distance |λ
   * − θᵢ|. So do ‖s‖, ‖Bₜᵀ s‖, σ ‖s‖ and λ ‖s‖.
   */
  private double outside(double value) {
    double sNorm = 0;
    double bsNorm = 0;
    double lastNorm = 0;
    double out = 0;
    for (int i = 0; i < theta.length; i++) {
      double s = first[i] / (theta[i] - value);
      double fromLast = last[i] / (theta[i] - value);
      out += last[i] * s;
      sNorm += s * s;
      bsNorm += Math.max(0, theta[i]) * s * s;
      lastNorm += fromLast * fromLast;
    }
    sNorm = OFF * Math.sqrt(sNorm);
    double error = OFF * SMALL_ERROR * scale() * Math.sqrt(lastNorm) * sNorm;
    double residual = Math.abs(coupling) * (Math.abs(out) + error);
    return bound(residual, sNorm, OFF * Math.sqrt(bsNorm), value);
  }

  /** Of H, by which rounding is measured. */
  private double scale() {
    return theta[theta.length - 1] + Math.abs(coupling);
  }

  /** The bound by one s, the best one for the middle of the interval. */
  private double within(double from, double to) {
    int t = theta.length;
    double centre = from + (to - from) / 2;
    double[] z = new double[t];
    double lz0 = 0;
    double lg = 0;
    for (int i = 0; i < t; i++) {
      double d = theta[i] - centre;
      double inverse = 1 / (d * d + ridge * ridge);
      z[i] = d * first[i] * inverse;
      lz0 += last[i] * z[i];
      lg += last[i] * last[i] * inverse;
    }
    double squared = coupling * coupling;
    double correction = squared * lz0 / (1 + squared * lg);
    double sNorm = 0;
    double bsNorm = 0;
    double atFrom = 0;
    double atTo = 0;
    double out = 0;
    for (int i = 0; i < t; i++) {
      double d = theta[i] - centre;
      z[i] -= correction * last[i] / (d * d + ridge * ridge);
      out += last[i] * z[i];
      sNorm += z[i] * z[i];
      bsNorm += Math.max(0, theta[i]) * z[i] * z[i];
      double low = first[i] - (theta[i] - from) * z[i];
      double high = first[i] - (theta[i] - to) * z[i];
      atFrom += low * low;
      atTo += high * high;
    }
    out *= coupling;
    double residual = Math.sqrt(Math.max(atFrom, atTo) + out * out);
    return bound(residual, Math.sqrt(sNorm), Math.sqrt(bsNorm), to);
  }

  /**
   * The bound by one s.
   *
   * @param residual ‖e₁ − (H − λ E) s‖
   * @param sNorm ‖s‖
   * @param bsNorm ‖Bₜᵀ s‖
   * @param to the largest λ
   */
  private double bound(double residual, double sNorm, double bsNorm, double to) {
    double rounding =
        forthError * bsNorm
            + Math.sqrt(to) * backError * sNorm
            + SMALL_ERROR * (1 + (scale() + to) * sNorm);
    return norm * Math.min(1, basisNorm * residual + rounding);
  }
}
