package io.github.intruders.scan;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.spectra.SingularValues;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How a tuned matrix lies to its base, by the figures that papers on supervised, distilled and
 * reinforcement-learned models plot (arXiv 2511.08567, 2606.07082). k is the number of tested
 * vectors. A figure is null where it is not known to within {@value #ANGLE_TOLERANCE} degrees
 * (angles) or {@value #SHIFT_TOLERANCE} (shift), or a share of {@value #RELATIVE_TOLERANCE} of
 * itself.
 *
 * @param leftRotation the largest principal angle between the spans of the k leading left vectors
 *     of W0 and of W, in degrees
 * @param rightRotation the same of the right vectors
 * @param leftRotationMean the mean of all k principal angles of the left side, in degrees
 * @param rightRotationMean the same of the right side
 * @param spectralShift ‖σ − σ0‖₂ / ‖σ0‖₂ over the k leading singular values
 * @param unchangedShare the share of entries with |w − w0| ≤ 1e-3 · max(|w|, |w0|), which is less
 *     than a BF16 number can tell; of full fine-tunes, else null
 * @param note why a figure is not known, though it is of the kind that could be; else null
 */
public record Geometry(
    Double leftRotation,
    Double rightRotation,
    Double leftRotationMean,
    Double rightRotationMean,
    Double spectralShift,
    Double unchangedShare,
    String note)
    implements Serializable {
  /** Nothing is known, and nothing is to be said about it. */
  public static final Geometry UNKNOWN = new Geometry(null, null, null, null, null, null, null);

  private static final double ANGLE_TOLERANCE = 0.25;
  private static final double SHIFT_TOLERANCE = 1e-5;
  private static final double RELATIVE_TOLERANCE = 0.05;

  /** Singular values this near to each other, relative to the first, share their vectors. */
  private static final double SAME = 1e-9;

  /**
   * From the decomposed base.
   *
   * @param isUpdated whether W differs from W0 at all
   */
  static Geometry of(
      SingularValues base, TunedSpectrum tuned, EntryChange entries, boolean isUpdated) {
    int k = tuned.k();
    Notes notes = new Notes();
    if (entries.note() != null) {
      notes.add(entries.note());
    }
    Map<Side, Rotation> rotations = tuned.rotations();
    String obstacle = obstacle(base, tuned);
    if (obstacle != null) {
      notes.add(obstacle);
      rotations = Map.of();
    } else if (rotations.isEmpty()) {
      notes.add("no angles beyond %d vectors".formatted(Rotation.MOST_VECTORS));
    }
    double noise = entries.noise(base);
    double gap = k < base.minDimension() ? base.s()[k - 1] - base.s()[k] : Double.POSITIVE_INFINITY;
    double[] errors = TunedSpectrum.absolute(tuned.residuals(), tuned.s());
    return of(
        rotations,
        noise == 0 ? 0 : noise / gap,
        shift(base.s(), tuned.s()),
        (norm(errors) + noise * Math.sqrt(k)) / norm(leading(base.s(), k)),
        entries.unchangedShare(),
        isUpdated,
        notes);
  }

  /**
   * From bounds.
   *
   * @param shiftError by how much the shift may be off
   * @param isUpdated whether W differs from W0 at all
   */
  static Geometry ofBounds(
      Map<Side, Rotation> rotations,
      double shift,
      double shiftError,
      EntryChange entries,
      boolean isUpdated) {
    Notes notes = new Notes();
    if (entries.note() != null) {
      notes.add(entries.note());
    }
    if (rotations.isEmpty()) {
      notes.add("bounds don't tell the base's leading vectors apart");
    }
    return of(rotations, 0, shift, shiftError, entries.unchangedShare(), isUpdated, notes);
  }

  /** Why there is no leading subspace on one of the two sides, or null. */
  private static String obstacle(SingularValues base, TunedSpectrum tuned) {
    int k = tuned.k();
    double[] s = base.s();
    if (base.rank() < k) {
      return "the base has rank %d, less than %d".formatted(base.rank(), k);
    }
    if (!tuned.hasDirection(k - 1)) {
      return "fewer than %d tuned singular values differ from 0".formatted(k);
    }
    if (k < s.length && s[k - 1] - s[k] <= SAME * s[0]) {
      return "base singular values %d and %d are equal".formatted(k - 1, k);
    }
    return null;
  }

  private static Geometry of(
      Map<Side, Rotation> rotations,
      double angleError,
      double shift,
      double shiftError,
      Double unchangedShare,
      boolean isUpdated,
      Notes notes) {
    Rotation left = known(rotations.get(Side.LEFT), angleError, isUpdated, notes);
    Rotation right = known(rotations.get(Side.RIGHT), angleError, isUpdated, notes);
    Double knownShift = isUpdated ? (Double) shift : (Double) 0.0;
    if (isUpdated && !isNear(shift, shiftError, SHIFT_TOLERANCE)) {
      knownShift = null;
      notes.add("the spectral shift is smaller than its error");
    }
    return new Geometry(
        left == null ? null : (Double) Math.toDegrees(left.largest()),
        right == null ? null : (Double) Math.toDegrees(right.largest()),
        left == null ? null : (Double) Math.toDegrees(left.mean()),
        right == null ? null : (Double) Math.toDegrees(right.mean()),
        knownShift,
        unchangedShare,
        notes.text());
  }

  /** The rotation, or null where it is not known well enough. */
  private static Rotation known(
      Rotation rotation, double furtherError, boolean isUpdated, Notes notes) {
    if (rotation == null) {
      return null;
    }
    if (!isUpdated) {
      return new Rotation(0, 0, 0);
    }
    double error = Math.toDegrees(rotation.error() + furtherError);
    if (isNear(Math.toDegrees(rotation.mean()), error, ANGLE_TOLERANCE)) {
      return rotation;
    }
    notes.add("rounding turns the leading vectors by more than a quarter of a degree");
    return null;
  }

  private static boolean isNear(double value, double error, double tolerance) {
    return Double.isFinite(value) && error <= Math.max(tolerance, RELATIVE_TOLERANCE * value);
  }

  /** ‖σ − σ0‖ / ‖σ0‖ over as many values as there are in {@code tuned}; not a number for none. */
  static double shift(double[] base, double[] tuned) {
    double[] differences = new double[tuned.length];
    for (int j = 0; j < tuned.length; j++) {
      differences[j] = tuned[j] - base[j];
    }
    return norm(differences) / norm(leading(base, tuned.length));
  }

  private static double[] leading(double[] values, int k) {
    return Arrays.copyOf(values, k);
  }

  private static double norm(double[] values) {
    return Matrix.norm(values);
  }

  /** Reasons, each once. */
  private static final class Notes {
    private final Set<String> reasons = new LinkedHashSet<>();

    void add(String reason) {
      reasons.add(reason);
    }

    String text() {
      List<String> all = new ArrayList<>(reasons);
      return all.isEmpty() ? null : String.join("; ", all);
    }
  }
}
