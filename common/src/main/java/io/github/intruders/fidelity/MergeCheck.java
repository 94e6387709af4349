package io.github.intruders.fidelity;

import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.MergedFrom;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Holds a merged matrix W against its base W0 and the updates Pᵢ that it is said to be merged from.
 *
 * <p>Rounding is accounted for twice. An entry that was merged link by link in a type with unit
 * roundoff u, is off by at most u · ((L + b) (|w0| + a) + 6 a), where a = Σ |pᵢ|, L counts the
 * links and b is 1 where the base has to be rounded to that type first, else 0; six is for the
 * rounding of factors, product and scale. The Frobenius norm of this, and {@value #ARITHMETIC} of
 * the norms of W0 and a for arithmetic in single precision, bound what rounding explains of a
 * residual. A coefficient is known far better, since rounding errors of different entries are
 * independent: to {@value #DEVIATIONS} times what errors of that size move it, and twice what
 * rounding once does.
 */
public final class MergeCheck {
  /** 64 units of single precision: products, and decompositions that some adapters ask for. */
  private static final double ARITHMETIC = 0x1p-18;

  private static final double DEVIATIONS = 6;

  /** A residual of less than this share of the update is not worth a word, if rounding made it. */
  private static final double NEGLIGIBLE = 0.05;

  /** A remainder is of low rank if all but this share of its energy is. */
  private static final double LOW_RANK = 0.01;

  /** W and W0 with a smaller cosine than this have nothing to do with each other. */
  private static final double UNRELATED = 0.05;

  private static final int MOST_DIRECTIONS = 64;
  private static final int BLOCK_ENTRIES = 1 << 20;
  private static final long SEED = 496;

  private final Matrix w0;
  private final Matrix w;
  private final MergedFrom from;
  private final TensorReader reader;

  private MergeCheck(Matrix w0, Matrix w, MergedFrom from, TensorReader reader) {
    this.w0 = w0;
    this.w = w;
    this.from = from;
    this.reader = reader;
  }

  /** What is told of a matrix that no task holds as a whole; null where nothing is said of it. */
  public static Fidelity ofPieces(MergedFrom from) {
    return from == null
        ? null
        : Fidelity.unknown("a matrix that no task can hold is not held against its adapters");
  }

  /**
   * Checks one matrix.
   *
   * @param w0 (m, n), the base; stays as it is
   * @param w (m, n), the tuned matrix; stays as it is
   * @param stored what the tuned matrix is stored as
   * @throws io.github.intruders.input.UserInputException if a tensor of an adapter can't be used
   */
  public static Fidelity of(Matrix w0, Matrix w, DType stored, MergedFrom from, TensorReader reader)
      throws IOException {
    try (Arena arena = Arena.open()) {
      return new MergeCheck(w0, w, from, reader).check(stored);
    }
  }

  /** Bytes of memory outside the heap that the check of an m × n matrix takes. */
  public static long bytes(int rows, int cols, MergedFrom from) {
    long whole = (long) rows * cols * Double.BYTES;
    int held = from.isLowRank() ? 0 : from.links().size() + 2;
    return held * whole + (2L + from.links().size()) * Double.BYTES * Math.max(BLOCK_ENTRIES, cols);
  }

  /** Gives the rows of every update: (to − from, n) each, in double precision. */
  @FunctionalInterface
  private interface Updates {
    List<Matrix> rows(int from, int to);
  }

  /** Takes the same rows of all matrices. */
  @FunctionalInterface
  private interface Rows {
    void accept(int row, double[] w0, double[] w, double[][] updates);
  }

  private Fidelity check(DType stored) throws IOException {
    Updates updates = from.isLowRank() ? factors() : wholes();
    Map<DType, Boolean> ofTuned = held(w, stored);
    DType precision =
        ofTuned.entrySet().stream()
            .filter(Map.Entry::getValue)
            .map(Map.Entry::getKey)
            .findFirst()
            .orElse(DType.F64);
    boolean baseIsRounded = !held(w0, precision).get(precision);
    MergeSums sums = new MergeSums(from.links().size(), precision);
    forEachRow(updates, (row, a, b, p) -> sums.add(a, b, p));
    Rounding rounding = new Rounding(sums, from.links().size(), baseIsRounded);
    LeastSquares fit = LeastSquares.of(sums);
    Map<String, Double> coefficients = new TreeMap<>();
    Map<String, Double> margins = new TreeMap<>();
    List<Presence> presences = new ArrayList<>();
    boolean explained = fit.remainder() <= rounding.bound(largest(fit.coefficients()));
    for (int i = 0; i < from.links().size(); i++) {
      double c = fit.coefficients()[i];
      if (Double.isFinite(c)) {
        double noise =
            explained
                ? rounding.noise(largest(fit.coefficients()))
                : DEVIATIONS * fit.remainder() / Math.sqrt(sums.entries);
        double margin = noise * fit.spread()[i] + 2 * Math.abs(fit.rounded()[i]);
        MergedFrom.Link link = from.links().get(i);
        coefficients.put(Integer.toString(link.position()), c);
        margins.put(Integer.toString(link.position()), margin);
        presences.add(new Presence(link, c, margin));
      }
    }
    Finding finding =
        explained
            ? ofFit(sums, presences)
            : ofRemainder(sums, fit, presences, isLowRank(updates, fit, rounding));
    return new Fidelity(
        finding.verdict(),
        finding.cause(),
        Math.sqrt(sums.update),
        Math.sqrt(sums.residual),
        rounding.bound(1),
        Math.sqrt(sums.rounding),
        sums.lost,
        sums.lostPredicted,
        precision.name(),
        coefficients,
        margins,
        null);
  }

  /** A verdict with its cause. */
  private record Finding(Verdict verdict, String cause) {}

  /** What rounding can have done. */
  private record Rounding(MergeSums sums, int links, boolean baseIsRounded) {
    /**
     * @param largest the largest coefficient of an update
     */
    double bound(double largest) {
      return entries(largest) + arithmetic(largest);
    }

    /** What errors in W, as large as these, move a coefficient by for each unit of spread. */
    double noise(double largest) {
      return DEVIATIONS * entries(largest) / Math.sqrt(sums.entries) + arithmetic(largest);
    }

    private double entries(double largest) {
      double u = sums.precision.unitRoundoff();
      int roundings = links + (baseIsRounded ? 1 : 0);
      double ofBase = u * roundings;
      double ofUpdates = u * (roundings + 6) * largest;
      return Math.sqrt(
              ofBase * ofBase * sums.base
                  + 2 * ofBase * ofUpdates * sums.baseOnAbsolute
                  + ofUpdates * ofUpdates * sums.absolute)
          + ElementEncoder.absoluteError(sums.precision)
              * (roundings + 1)
              * Math.sqrt(sums.entries);
    }

    private double arithmetic(double largest) {
      return ARITHMETIC * (Math.sqrt(sums.base) + largest * Math.sqrt(sums.absolute));
    }
  }

  private static double largest(double[] coefficients) {
    double largest = 1;
    for (double c : coefficients) {
      largest = Double.isFinite(c) ? Math.max(largest, Math.abs(c)) : largest;
    }
    return largest;
  }

  /** The multiples of the updates explain all. */
  private static Finding ofFit(MergeSums sums, List<Presence> presences) {
    if (presences.stream().allMatch(Presence::isOnce)) {
      double residual = Math.sqrt(sums.residual / sums.update);
      boolean coarse = sums.precision == DType.BF16 || sums.precision == DType.F16;
      return coarse && residual > NEGLIGIBLE
          ? new Finding(
              Verdict.ROUNDED,
              String.format(
                  Locale.ROOT,
                  "rounding to %s is off by %.1f %% of the update, and %.1f %% of its energy is lost"
                      + " in entries that stayed the base's",
                  sums.precision,
                  100 * residual,
                  100 * sums.lost / sums.update))
          : new Finding(Verdict.FAITHFUL, null);
    }
    if (presences.stream().allMatch(Presence::isMissing)) {
      return new Finding(
          Verdict.UNMERGED,
          "equal to the base: nothing was merged, or under names that the model does not have");
    }
    Verdict verdict = Verdict.LINK_MISSING;
    List<String> causes = new ArrayList<>();
    for (Presence presence : presences) {
      if (presence.isOnce()) {
        continue;
      }
      causes.add(presence.told());
      if (!presence.isMissing()) {
        verdict = presence.mistakes().isEmpty() ? Verdict.UNEXPLAINED : Verdict.SCALED;
      }
    }
    return new Finding(verdict, String.join("; ", causes));
  }

  /** There is more in it than multiples of the updates. */
  private Finding ofRemainder(
      MergeSums sums, LeastSquares fit, List<Presence> presences, boolean isLowRank) {
    double size = fit.remainder() / Math.sqrt(sums.base);
    String remainder =
        String.format(Locale.ROOT, "a difference of %.3g times the base's norm", size);
    List<String> known = presences.stream().map(Presence::told).toList();
    String updates = known.isEmpty() ? "" : "; " + String.join("; ", known);
    if (isLowRank) {
      return new Finding(
          Verdict.OTHER_UPDATE,
          remainder
              + " is of low rank and of none of the adapters: a further update, or a part of one"
              + updates);
    }
    double cosine = Math.abs(sums.baseOnTuned) / Math.sqrt(sums.base * sums.tuned);
    if (cosine < UNRELATED + DEVIATIONS / Math.sqrt(sums.entries)) {
      return new Finding(
          Verdict.OTHER_BASE,
          String.format(
              Locale.ROOT, "nothing to do with the base (cosine %.3f): another base", cosine));
    }
    if (from.isLowRank() || presences.stream().allMatch(Presence::isOnce)) {
      return new Finding(
          Verdict.OTHER_BASE,
          remainder
              + " is of high rank and of no adapter: another base, or further training"
              + updates);
    }
    return new Finding(Verdict.UNEXPLAINED, remainder + " is of high rank" + updates);
  }

  /** Whether nearly all of the remainder lies in a few directions. */
  private boolean isLowRank(Updates updates, LeastSquares fit, Rounding rounding) {
    int directions = Math.min(MOST_DIRECTIONS, w.minDimension() / 2);
    if (directions == 0) {
      return false;
    }
    try (Arena arena = Arena.open()) {
      Matrix random = Gaussian.matrix(new SplittableRandom(SEED), w.cols(), directions);
      Matrix range = Matrix.allocate(w.rows(), directions, Precision.DOUBLE);
      forEachRemainder(
          updates, fit, (row, remainder) -> range.setRow(row, remainder.times(random).row(0)));
      Matrix basis = OrthonormalBasis.of(range).q();
      Matrix inside = Matrix.zeros(directions, w.cols(), Precision.DOUBLE);
      forEachRemainder(
          updates,
          fit,
          (row, remainder) ->
              inside.plusProductInPlace(1, basis.rowRange(row, row + 1).t(), remainder));
      double all = fit.remainder() * fit.remainder();
      double norm = inside.frobeniusNorm();
      double bound = rounding.bound(largest(fit.coefficients()));
      return all - norm * norm <= LOW_RANK * all + bound * bound;
    }
  }

  /** Takes a row of the remainder, (1, n). */
  @FunctionalInterface
  private interface Remainder {
    void accept(int row, Matrix remainder);
  }

  private void forEachRemainder(Updates updates, LeastSquares fit, Remainder then) {
    forEachRow(
        updates,
        (row, base, tuned, rows) -> {
          double[] remainder = new double[tuned.length];
          for (int j = 0; j < remainder.length; j++) {
            remainder[j] = tuned[j] - base[j];
            for (int i = 0; i < rows.length; i++) {
              double c = fit.coefficients()[i];
              remainder[j] -= Double.isFinite(c) ? c * rows[i][j] : 0;
            }
          }
          try (Arena arena = Arena.open()) {
            then.accept(row, Matrix.of(new double[][] {remainder}));
          }
        });
  }

  private void forEachRow(Updates updates, Rows then) {
    int step = Math.max(1, BLOCK_ENTRIES / Math.max(1, w.cols()));
    for (int start = 0; start < w.rows(); start += step) {
      int end = Math.min(w.rows(), start + step);
      try (Arena arena = Arena.open()) {
        List<Matrix> blocks = updates.rows(start, end);
        double[][] rows = new double[blocks.size()][];
        for (int row = start; row < end; row++) {
          for (int i = 0; i < rows.length; i++) {
            rows[i] = blocks.get(i).row(row - start);
          }
          then.accept(row, w0.row(row), w.row(row), rows);
        }
      }
    }
  }

  private Updates factors() throws IOException {
    List<Matrix> b = new ArrayList<>();
    List<Matrix> a = new ArrayList<>();
    for (MergedFrom.Link link : from.links()) {
      LowRankUpdate update = (LowRankUpdate) link.update();
      b.add(update.readB(reader));
      a.add(update.readA(reader));
    }
    return (start, end) -> {
      List<Matrix> blocks = new ArrayList<>();
      for (int i = 0; i < b.size(); i++) {
        blocks.add(b.get(i).rowRange(start, end).times(a.get(i)));
      }
      return blocks;
    };
  }

  /** What each link makes of what those before it have made. */
  private Updates wholes() throws IOException {
    List<Matrix> updates = new ArrayList<>();
    Matrix before = w0.to(Precision.DOUBLE);
    for (MergedFrom.Link link : from.links()) {
      Matrix after = link.update().applyTo(before.copy(), reader);
      updates.add(after.copy().plusInPlace(-1, before));
      before = after;
    }
    return (start, end) -> updates.stream().map(update -> update.rowRange(start, end)).toList();
  }

  /**
   * Which types can hold every entry, from the coarsest on.
   *
   * @param stored a type that surely can, where it is none of half precision
   */
  private static Map<DType, Boolean> held(Matrix matrix, DType stored) {
    Map<DType, Boolean> held = new EnumMap<>(DType.class);
    List<DType> types =
        stored == DType.BF16 || stored == DType.F16
            ? List.of(stored)
            : List.of(DType.BF16, DType.F16, DType.F32, DType.F64);
    types.forEach(type -> held.put(type, true));
    for (int i = 0; i < matrix.rows(); i++) {
      double[] row = matrix.row(i);
      for (DType type : types) {
        if (held.get(type)) {
          held.put(type, isHeld(row, type));
        }
      }
    }
    return held;
  }

  private static boolean isHeld(double[] row, DType type) {
    for (double value : row) {
      if (ElementEncoder.round(value, type) != value) {
        return false;
      }
    }
    return true;
  }
}
