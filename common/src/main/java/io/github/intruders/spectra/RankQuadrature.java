package io.github.intruders.spectra;

import io.github.intruders.linalg.BlockKrylov;
import io.github.intruders.linalg.Factor;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The effective rank exp(ln S − L / S) of an update D, where S = Σσ and L = Σ σ ln σ, without its
 * singular values: by stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017), deflated. Singular
 * values are taken relative to the largest, and p is the smaller side of D.
 *
 * <p>Random signs z, the probes, and as many Gaussian vectors go through D side by side as one block
 * Krylov method. All that follows is found in its spaces, which are small.
 *
 * <ul>
 *   <li>The leading triplets come from the Krylov space of the Gaussian vectors alone. So they don't
 *       depend on the probes, and what they leave of the sums is what the probes have to estimate.
 *   <li>Golub and Kahan's process on what is left, from each probe, gives two rules for zᵀ f(D) z.
 *       All even derivatives of √x are negative on (0, 1) and all odd ones positive, and of √x ln x
 *       the other way round. So the rules of Gauss and of Gauss and Radau hold the true value
 *       between them.
 *   <li>The probes' spread is taken down by control variates: the traces of 1 and of DᵀD are known,
 *       so that only the part of f counts that is not a + b · x.
 * </ul>
 */
final class RankQuadrature {
  static int PROBES = 16;
  static int GAUSSIANS = 16;
  static int FIRST_STEPS = 12;
  static int MORE_STEPS = 4;
  static int MOST_STEPS = 28;
  static double CONVERGED = 0.03;
  static double DEVIATIONS = 4.1;
  static double TARGET = 0.02;
  static boolean verbose = false;

  private final Factor d;
  private final int p;
  private final double norm;
  private final Matrix start;
  private final int most;

  private RankQuadrature(Matrix update, long seed) {
    d = update.rows() >= update.cols() ? update : update.t();
    p = d.cols();
    norm = update.frobeniusNorm();
    start = Matrix.allocate(p, PROBES + GAUSSIANS, Precision.SINGLE);
    DEVIATIONS = new org.apache.commons.math3.distribution.TDistribution(PROBES - 1).inverseCumulativeProbability(0.9995);
    most = Math.min(MOST_STEPS, p / start.cols());
    SplittableRandom random = new SplittableRandom(seed);
    double[] row = new double[start.cols()];
    for (int i = 0; i < p; i++) {
      for (int j = 0; j < row.length; j++) {
        row[j] = j >= PROBES ? random.nextGaussian() : random.nextBoolean() ? 1 : -1;
      }
      start.setRow(i, row);
    }
  }

  static Optional<Estimate> of(Matrix update, long seed) {
    return new RankQuadrature(update, seed).run();
  }

  record Estimate(double norm, double spectralNorm, double value, double low, double high,
      int steps, int deflated, double quad, double stat, double allowed, double residual) {
      double halfWidth() { return quad / 2 + stat + allowed;}
  }

  private Optional<Estimate> run() {
    BlockKrylov search = new BlockKrylov(d, start.cols(), most);
    Matrix next = start;
    Estimate last = null;
    for (int step = 1; step <= most; step++) {
      if (!search.forth(next)) {
        return Optional.empty();
      }
      next = search.back();
      if (step == most || (step >= FIRST_STEPS && (step - FIRST_STEPS) % MORE_STEPS == 0)) {
        last = estimate(search, next, step);
        if (verbose) System.out.println("   " + last);
        if (last.halfWidth() <= TARGET) {
          return Optional.of(last);
        }
      }
    }
    return Optional.ofNullable(last);
  }

  private Estimate estimate(BlockKrylov search, Matrix back, int steps) {
    Matrix b = search.projected();
    Matrix right = search.right();
    Matrix first =
        right.columnRange(0, start.cols()).t().times(start).to(Precision.DOUBLE);
    Deflation leading =
        Deflation.of(b, first.columnRange(PROBES, start.cols()), beyond(right, back), steps);
    double unit = leading.largest();
    Matrix probes = Matrix.zeros(search.size(), PROBES, Precision.DOUBLE);
    probes.rowRange(0, start.cols()).assign(first.columnRange(0, PROBES));
    Rules rules = Rules.of(b.scaleInPlace(1 / unit), leading, probes, steps);
    double trace = p - leading.count();
    double square = Math.max(0, norm / unit * (norm / unit) - leading.squares());
    Sum s = rules.sum(DoubleUnaryOperator.identity(), leading, trace, square);
    Sum l = rules.sum(RankQuadrature::timesLog, leading, trace, square);
    // both ends
    double sMid = (2 * s.gauss() + s.radau()) / 3, lMid = (2 * l.gauss() + l.radau()) / 3;
    double hi = Double.NEGATIVE_INFINITY, lo = Double.POSITIVE_INFINITY;
    for (double ss : new double[] {s.gauss(), s.radau()})
      for (double ll : new double[] {l.gauss(), l.radau()}) {
        hi = Math.max(hi, lnRank(ss, ll));
        lo = Math.min(lo, lnRank(ss, ll));
      }
    double ds = 1 / sMid + lMid / sMid / sMid, dl = -1 / sMid;
    double[] g = new double[PROBES];
    double mg = 0, vg = 0;
    for (int i = 0; i < PROBES; i++) {
      g[i] = ds * s.spread()[i] + dl * l.spread()[i];
      mg += g[i] / PROBES;
    }
    for (double x : g) vg += (x - mg) * (x - mg) / (PROBES - 1);
    double stat = DEVIATIONS * Math.sqrt(vg / PROBES);
    double rounding = p * 6e-8;
    double allowed = Math.abs(ds) * (leading.allowS() + rounding) + Math.abs(dl) * (leading.allowL() - rounding * Math.log(rounding/p));
    double h = stat + allowed;
    return new Estimate(norm, unit, Math.exp(lnRank(sMid, lMid)), Math.exp(lo - h), Math.exp(hi + h), steps, leading.count(), hi - lo, stat, allowed, leading.residuals()[0]);
  }

  /** NᵀN, where N is what lies beyond the right space of what came back. */
  private static Matrix beyond(Matrix right, Matrix back) {
    Matrix rest = back.copy();
    for (int i = 0; i < 2; i++) {
      rest.plusProductInPlace(-1, right, right.t().times(rest));
    }
    Matrix wide = rest.to(Precision.DOUBLE);
    return wide.t().times(wide);
  }

  record Deflation(double largest, double[] s, double[] residuals, int count, Matrix x, Matrix y) {
    static Deflation of(Matrix b, Matrix gaussians, Matrix beyond, int steps) {
      int size = b.rows();
      int width = beyond.rows();
      int g = gaussians.cols();
      BlockKrylov search = new BlockKrylov(b, g, steps);
      Matrix next = Matrix.zeros(size, g, Precision.DOUBLE);
      next.rowRange(0, width).assign(gaussians);
      for (int i = 0; i < steps; i++) {
        search.forth(next);
        if (i + 1 < steps) next = search.back();
      }
      Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(search.projected());
      int most = svd.s().length / 2;
      double unit = svd.s()[0];
      double[] s = new double[most];
      for (int i = 0; i < most; i++) s[i] = svd.s()[i] / unit;
      Matrix x = search.left().times(svd.u().columnRange(0, most));
      Matrix y = search.right().times(svd.vt().rowRange(0, most).t());
      Matrix inside = b.t().times(x);
      inside.plusInPlace(-1, y.copy().scaleColumnsInPlace(Arrays.copyOf(svd.s(), most)));
      double[] in = inside.columnNorms();
      Matrix last = x.rowRange(size - width, size);
      Matrix image = beyond.times(last);
      double[] residuals = new double[most];
      int count = 0;
      for (int i = 0; i < most; i++) {
        double sum = in[i] * in[i];
        double[] a = last.column(i), c = image.column(i);
        for (int j = 0; j < width; j++) sum += a[j] * c[j];
        residuals[i] = Math.sqrt(Math.max(0, sum)) / unit;
        if (count == i && residuals[i] <= CONVERGED * s[i]) count++;
      }
      return new Deflation(unit, s, residuals, count, x.columnRange(0, count), y.columnRange(0, count));
    }
    double squares() {
      return IntStream.range(0, count).mapToDouble(i -> s[i] * s[i] + residuals[i] * residuals[i]).sum();
    }
    double allowS() { return IntStream.range(0, count).mapToDouble(i -> residuals[i] * residuals[i] / (2 * s[i])).sum(); }
    double allowL() { return IntStream.range(0, count).mapToDouble(i -> residuals[i] * residuals[i] / (2 * s[i]) * (1 - Math.log(s[i]))).sum(); }
    double sum(DoubleUnaryOperator f) { return IntStream.range(0, count).mapToDouble(i -> f.applyAsDouble(s[i])).sum(); }
    void removeLeft(Matrix m) { if (count > 0) m.plusProductInPlace(-1, x, x.t().times(m)); }
    void removeRight(Matrix m) { if (count > 0) m.plusProductInPlace(-1, y, y.t().times(m)); }
  }

  record Sum(double gauss, double radau, double[] spread) {}

  record Rules(double[] mass, double[] square, QuadratureRule[] gauss, QuadratureRule[] radau) {
    static Rules of(Matrix b, Deflation leading, Matrix probes, int steps) {
      int n = probes.cols();
      double[][] alpha = new double[n][steps], beta = new double[n][steps];
      Matrix v = probes;
      leading.removeRight(v);
      leading.removeRight(v);
      double[] mass = normalise(v);
      Matrix u = null;
      for (int j = 0; j < steps; j++) {
        Matrix nu = b.times(v);
        if (j > 0) nu.plusInPlace(-1, u.scaleColumnsInPlace(at(beta, j - 1)));
        leading.removeLeft(nu);
        put(alpha, j, normalise(nu));
        u = nu;
        Matrix nv = b.t().times(u).plusInPlace(-1, v.scaleColumnsInPlace(at(alpha, j)));
        leading.removeRight(nv);
        put(beta, j, normalise(nv));
        v = nv;
      }
      double[] square = new double[n];
      QuadratureRule[] gauss = new QuadratureRule[n], radau = new QuadratureRule[n];
      for (int i = 0; i < n; i++) {
        mass[i] *= mass[i];
        square[i] = mass[i] * alpha[i][0] * alpha[i][0];
        gauss[i] = QuadratureRule.gauss(mass[i], alpha[i], beta[i]);
        radau[i] = QuadratureRule.radau(mass[i], alpha[i], beta[i]);
      }
      return new Rules(mass, square, gauss, radau);
    }
    static double[] at(double[][] a, int j) { return Arrays.stream(a).mapToDouble(r -> r[j]).toArray(); }
    static void put(double[][] a, int j, double[] values) { for (int i = 0; i < a.length; i++) a[i][j] = values[i]; }

    Sum sum(DoubleUnaryOperator f, Deflation leading, double trace, double square) {
      double w0 = 0, wx = 0, wxx = 0, wf = 0, wxf = 0;
      for (QuadratureRule rule : gauss) {
        for (int j = 0; j < rule.nodes().length; j++) {
          double s = rule.nodes()[j], x = s * s, w = rule.weights()[j], y = f.applyAsDouble(s);
          w0 += w; wx += w * x; wxx += w * x * x; wf += w * y; wxf += w * x * y;
        }
      }
      double det = w0 * wxx - wx * wx;
      double b = det > 1e-12 * w0 * wxx ? (w0 * wxf - wx * wf) / det : 0;
      double a = w0 > 0 ? (wf - b * wx) / w0 : 0;
      double known = leading.sum(f) + a * trace + b * square;
      double g = 0, r = 0;
      double[] spread = new double[mass.length];
      for (int i = 0; i < mass.length; i++) {
        double c = a * mass[i] + b * this.square[i];
        double gi = gauss[i].sum(f) - c, ri = radau[i].sum(f) - c;
        g += gi / mass.length;
        r += ri / mass.length;
        spread[i] = (2 * gi + ri) / 3;
      }
      return new Sum(known + g, known + r, spread);
    }
  }

  private static double lnRank(double s, double l) {
    return Math.log(s) - l / s;
  }

  private static double timesLog(double s) {
    return s > 0 ? s * Math.log(s) : 0;
  }

  private static double[] normalise(Matrix v) {
    double[] norms = v.columnNorms();
    v.scaleColumnsInPlace(Arrays.stream(norms).map(x -> x > 0 ? 1 / x : 0).toArray());
    return norms;
  }
}
