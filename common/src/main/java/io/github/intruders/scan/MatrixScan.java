package io.github.intruders.scan;

import io.github.intruders.krylov.KrylovVerdicts;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.spectra.SingularValues;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a scan found in one tuned matrix.
 *
 * @param update size of ΔW
 * @param baseNorm ‖W0‖_F
 * @param baseSpectralNorm ‖W0‖₂
 * @param baseRank how many singular values of W0 are not zero up to rounding; the vectors of the
 *     others match nothing; null where the base is not decomposed and it can't be told without
 * @param criticalStrength from which strength on an update is expected to bring an intruder, by the
 *     base's spectrum alone; null where that is not known
 * @param vectors every tested vector, by side, then by singular index
 * @param similarity by side, the absolute cosines of the leading tuned vectors (rows) and the
 *     leading base vectors (columns): k of each, {@value #MOST_SIMILARITIES} at most
 * @param intruders threshold → how many vectors are intruders at it, over all sides; without those
 *     that bounds leave a vector undecided at, never the first one
 * @param ties threshold → how many of the vectors lie within {@link IntruderRule#TIE_TOLERANCE} of
 *     it
 * @param intruderEnergy Σ σ² over the intruders at the first threshold
 * @param energy Σ σ² over all tested vectors
 * @param solver name of the route
 * @param maxResidual largest residual of a triplet
 * @param geometry how the leading subspaces lie to the base's
 */
public record MatrixScan(
    UpdateStatistics update,
    double baseNorm,
    double baseSpectralNorm,
    Integer baseRank,
    CriticalStrength criticalStrength,
    List<VectorScan> vectors,
    Map<Side, List<double[]>> similarity,
    Map<String, Integer> intruders,
    Map<String, Integer> ties,
    double intruderEnergy,
    double energy,
    String solver,
    double maxResidual,
    Geometry geometry)
    implements Serializable {
  /** The picture of leading vectors needs no more, and k × k of them grow beyond all bounds. */
  public static final int MOST_SIMILARITIES = 64;

  /** What follows from the leading triplets of a tuned matrix that is not stored as a whole. */
  public static MatrixScan of(
      SingularValues base, TunedSpectrum tuned, UpdateStatistics update, ScanSettings settings) {
    return of(base, tuned, update, settings, EntryChange.NONE);
  }

  /** What follows from the leading triplets of a tuned matrix, and from its entries. */
  static MatrixScan of(
      SingularValues base,
      TunedSpectrum tuned,
      UpdateStatistics update,
      ScanSettings settings,
      EntryChange entries) {
    List<VectorScan> vectors = IntruderRule.apply(base, tuned, settings);
    Map<String, Integer> intruders = new TreeMap<>();
    Map<String, Integer> ties = new TreeMap<>();
    for (double epsilon : settings.allEpsilons()) {
      int count = 0;
      int near = 0;
      for (VectorScan vector : vectors) {
        if (tuned.hasDirection(vector.singularIndex())) {
          count += vector.bestSimilarity() < epsilon ? 1 : 0;
          near += Math.abs(vector.bestSimilarity() - epsilon) <= IntruderRule.TIE_TOLERANCE ? 1 : 0;
        }
      }
      intruders.put(Double.toString(epsilon), count);
      ties.put(Double.toString(epsilon), near);
    }
    double energy = 0;
    double intruderEnergy = 0;
    for (VectorScan vector : vectors) {
      double square = vector.singularValue() * vector.singularValue();
      energy += square;
      intruderEnergy += vector.isIntruder() ? square : 0;
    }
    Map<Side, List<double[]>> similarity = new EnumMap<>(Side.class);
    for (Side side : settings.sides()) {
      similarity.put(side, topSimilarities(tuned.coordinates().get(side), base.rank()));
    }
    return new MatrixScan(
        update,
        base.frobeniusNorm(),
        base.spectralNorm(),
        base.rank(),
        CriticalStrength.of(base, tuned.k()),
        vectors,
        similarity,
        intruders,
        ties,
        intruderEnergy,
        energy,
        tuned.solver(),
        tuned.maxResidual(),
        Geometry.of(base, tuned, entries, update.norm() > 0));
  }

  /** Whether a dense decomposition in double precision answered. */
  public boolean isExact() {
    return solver.equals(DenseRoute.NAME);
  }

  /** How many vectors are intruders at the first threshold. */
  public int intruderCount() {
    return (int) vectors.stream().filter(VectorScan::isIntruder).count();
  }

  /**
   * What follows from bounds, without the base's decomposition.
   *
   * @param intruders threshold → count, where all vectors are decided
   * @param ties threshold → how many vectors may lie that near to it
   */
  static MatrixScan ofBounds(
      KrylovVerdicts.Answer base,
      KrylovVerdicts.Tuned tuned,
      List<VectorScan> vectors,
      Map<String, Integer> intruders,
      Map<String, Integer> ties,
      UpdateStatistics update,
      Integer baseRank,
      EntryChange entries) {
    double energy = 0;
    double intruderEnergy = 0;
    for (VectorScan vector : vectors) {
      double square = vector.singularValue() * vector.singularValue();
      energy += square;
      intruderEnergy += vector.isIntruder() ? square : 0;
    }
    return new MatrixScan(
        update,
        base.baseNorm(),
        base.baseSpectralNorm(),
        baseRank,
        null,
        vectors,
        Map.of(),
        intruders,
        ties,
        intruderEnergy,
        energy,
        KrylovRoute.NAME,
        Arrays.stream(tuned.residuals()).max().orElse(0),
        KrylovRoute.geometry(tuned, update, entries));
  }

  private static List<double[]> topSimilarities(Matrix coordinates, int rank) {
    List<double[]> rows = new ArrayList<>();
    int most = Math.min(coordinates.cols(), MOST_SIMILARITIES);
    for (int j = 0; j < most; j++) {
      double[] row = new double[Math.min(most, coordinates.rows())];
      for (int i = 0; i < Math.min(row.length, rank); i++) {
        row[i] = Math.min(1, Math.abs(coordinates.get(i, j)));
      }
      rows.add(row);
    }
    return rows;
  }
}
