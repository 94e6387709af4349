package io.github.intruders.scan;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.PrincipalAngles;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.SingularValues;
import java.util.EnumMap;
import java.util.Map;

/**
 * The k leading singular triplets (σ, u, v) of a tuned matrix W, seen from its base.
 *
 * @param s k singular values of W, descending
 * @param coordinates by side, each side that the base's decomposition has in full: (p, k) in double
 *     precision, column j holding U0ᵀ uⱼ (left) or V0ᵀ vⱼ (right), so that the similarities to all
 *     base vectors are the absolute values
 * @param residuals for each triplet the larger of ‖W v − σ u‖ and ‖Wᵀ u − σ v‖, relative to σ
 * @param solver name of the route that found them
 * @param resolution singular values at or below this are zero up to rounding, so that their vectors
 *     have no direction of their own
 * @param rotations by side, of the k leading vectors together, where they are known
 */
public record TunedSpectrum(
    double[] s,
    Map<Side, Matrix> coordinates,
    double[] residuals,
    String solver,
    double resolution,
    Map<Side, Rotation> rotations) {
  /** Rounding of all elements seldom makes more than half of what their number would allow. */
  static final double ROUNDING_MARGIN = 4;

  public TunedSpectrum {
    coordinates = Map.copyOf(coordinates);
    rotations = Map.copyOf(rotations);
    for (Matrix c : coordinates.values()) {
      if (c.cols() != s.length) {
        throw new IllegalArgumentException(
            "Expected coordinates of %d vectors, found %s".formatted(s.length, c));
      }
    }
  }

  /**
   * What vectors are to a base, on the sides it has in full.
   *
   * @param u (m, k), orthonormal columns
   * @param v (n, k), orthonormal columns, in the same precision
   */
  static Map<Side, Matrix> coordinates(BaseSpectrum base, Matrix u, Matrix v) {
    Map<Side, Matrix> coordinates = new EnumMap<>(Side.class);
    if (base.part().hasLeft()) {
      Matrix all = base.u().in(u.precision());
      coordinates.put(Side.LEFT, all.t().times(u).in(Precision.DOUBLE));
    }
    if (base.part().hasRight()) {
      coordinates.put(Side.RIGHT, base.vt().in(v.precision()).times(v).in(Precision.DOUBLE));
    }
    return coordinates;
  }

  /**
   * How the subspaces of leading vectors are turned, on the sides of which the base has enough.
   *
   * @param u (m, k), orthonormal columns
   * @param v (n, k), orthonormal columns
   * @param error by how much each angle may be off, in radians
   */
  static Map<Side, Rotation> rotations(BaseSpectrum base, Matrix u, Matrix v, double error) {
    int k = u.cols();
    Map<Side, Rotation> rotations = new EnumMap<>(Side.class);
    if (k <= Math.min(Rotation.MOST_VECTORS, base.u().cols())) {
      double[] angles = PrincipalAngles.between(base.u().columnRange(0, k), u);
      rotations.put(Side.LEFT, Rotation.of(angles, error));
    }
    if (k <= Math.min(Rotation.MOST_VECTORS, base.vt().rows())) {
      double[] angles = PrincipalAngles.between(base.vt().rowRange(0, k).transposed(), v);
      rotations.put(Side.RIGHT, Rotation.of(angles, error));
    }
    return rotations;
  }

  /** Residuals as they are, no longer relative to the singular values. */
  static double[] absolute(double[] residuals, double[] s) {
    double[] absolute = new double[s.length];
    for (int j = 0; j < absolute.length; j++) {
      absolute[j] = residuals[j] * s[j];
    }
    return absolute;
  }

  /**
   * The same of a matrix whose elements were rounded to a type. Where the base has directions
   * without a singular value, rounding alone gives them one, and vectors with it, of which the same
   * matrix without that rounding has none. A base of full rank has a vector for every direction,
   * and nothing changes.
   */
  TunedSpectrum roundedTo(DType type, SingularValues base) {
    if (base.rank() == base.minDimension() || s.length == 0) {
      return this;
    }
    double largest = Math.max(s[0], Double.MIN_NORMAL);
    double last = s[s.length - 1] / largest;
    double squares = (base.minDimension() - s.length) * last * last; // at most
    for (double value : s) {
      squares += (value / largest) * (value / largest);
    }
    // The spectral norm of a matrix of independent errors, each about as large as the unit allows.
    double noise =
        type.unitRoundoff()
            * (largest * Math.sqrt(squares))
            * (1 / Math.sqrt(base.rows()) + 1 / Math.sqrt(base.cols()));
    return new TunedSpectrum(
        s,
        coordinates,
        residuals,
        solver,
        Math.max(resolution, ROUNDING_MARGIN * noise),
        rotations);
  }

  /** Whether a triplet's vectors have a direction of their own. */
  boolean hasDirection(int index) {
    return s[index] > resolution;
  }

  /** How many triplets there are. */
  public int k() {
    return s.length;
  }

  /** Hands the matrices to the arena around {@code arena}. */
  TunedSpectrum keptBy(Arena arena) {
    coordinates.values().forEach(arena::keep);
    return this;
  }

  /** The largest of the residuals. */
  public double maxResidual() {
    double largest = 0;
    for (double residual : residuals) {
      largest = Math.max(largest, residual);
    }
    return largest;
  }
}
