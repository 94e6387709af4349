package io.github.intruders.jobs.figures;

import io.github.intruders.jobs.figures.CheckpointFigures.CurvePoint;
import io.github.intruders.jobs.figures.CheckpointFigures.HeatCell;
import io.github.intruders.jobs.figures.CheckpointFigures.Margin;
import io.github.intruders.jobs.figures.CheckpointFigures.ShareCounts;
import io.github.intruders.jobs.figures.CheckpointFigures.WorstMatrix;
import io.github.intruders.jobs.ledger.LedgerPart;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.scan.CriticalStrength;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Adds up the matrices of one checkpoint. Sums of fractions depend on their order: give the entries
 * ordered by matrix, and equal entries give equal figures to the last digit. Holds a few numbers
 * per matrix, never an entry.
 */
public final class CheckpointSummariser {
  static final int WORST_MATRICES = 60;

  private static final Comparator<WorstMatrix> WORST_FIRST =
      Comparator.comparingInt(WorstMatrix::intruderCount)
          .thenComparingDouble(WorstMatrix::intruderEnergyShare)
          .reversed()
          .thenComparing(WorstMatrix::checkpointId)
          .thenComparing(WorstMatrix::matrix);

  private final String checkpointId;
  private final Map<String, Integer> intruders = new TreeMap<>();
  private final Map<String, Integer> ties = new TreeMap<>();
  private final Map<String, Integer> solvers = new TreeMap<>();
  private final List<Margin> margins = new ArrayList<>();
  private final Map<Side, SideCurve> curves = new EnumMap<>(Side.class);
  private final Map<Cell, double[]> heat = new TreeMap<>();
  private final PriorityQueue<WorstMatrix> worst = new PriorityQueue<>(WORST_FIRST.reversed());
  private final List<String> keys = new ArrayList<>();
  private int matrices;
  private int intruderCount;
  private double intruderEnergy;
  private double energy;
  private double effectiveRanks;
  private double stableRanks;
  private int updated;
  private double massSquares;
  private int frozenInputs;
  private double updateSquares;
  private double baseSquares;
  private double maxResidual;
  private int uncheckedMerges;
  private final MeanGeometry.Sums geometry = new MeanGeometry.Sums();
  private final Identity.Sums identity = new Identity.Sums();

  public CheckpointSummariser(String checkpointId) {
    this.checkpointId = checkpointId;
  }

  /** The order of matrices with intruders: most intruders first. */
  public static Comparator<WorstMatrix> worstFirst() {
    return WORST_FIRST;
  }

  private record Cell(Integer layer, String module) implements Comparable<Cell> {
    @Override
    public int compareTo(Cell other) {
      return Comparator.comparing(
              Cell::layer, Comparator.nullsFirst(Comparator.<Integer>naturalOrder()))
          .thenComparing(Cell::module, Comparator.nullsFirst(Comparator.naturalOrder()))
          .compare(this, other);
    }
  }

  /** Adds a matrix of this checkpoint. */
  public void add(ScanEntry entry) {
    matrices++;
    keys.add(entry.key());
    intruderCount += entry.intruderCount();
    addUp(intruders, entry.intruders());
    addUp(ties, entry.ties());
    solvers.merge(entry.solver(), 1, Integer::sum);
    intruderEnergy += entry.intruderEnergy();
    energy += entry.energy();
    effectiveRanks += entry.updateEffectiveRank();
    if (entry.updateStableRank() != null) {
      stableRanks += entry.updateStableRank();
      updated++;
    }
    massSquares += entry.updateMass() * entry.updateMass();
    frozenInputs += entry.frozenInput() == null ? 0 : 1;
    updateSquares += entry.updateNorm() * entry.updateNorm();
    baseSquares += entry.baseNorm() * entry.baseNorm();
    maxResidual = Math.max(maxResidual, entry.maxResidual());
    geometry.add(entry);
    identity.add(entry);
    uncheckedMerges += entry.mergeRejection().isPresent() ? 1 : 0;
    if (entry.updateSpectralNorm() > 0) {
      margins.add(
          new Margin(
              margin(entry, CriticalStrength::atK),
              margin(entry, CriticalStrength::atEdge),
              margin(entry, CriticalStrength::atTop),
              entry.intruderCount() > 0));
    }
    if (entry.intruderCount() > 0) {
      worst.add(worst(entry));
      if (worst.size() > WORST_MATRICES) {
        worst.remove();
      }
    }
    int size = Math.min(entry.rows(), entry.cols());
    for (VectorScan vector : entry.vectors()) {
      curves.computeIfAbsent(vector.side(), side -> new SideCurve()).add(vector, size);
      addHeat(new Cell(entry.layer(), entry.module()), vector);
    }
    curves.values().forEach(SideCurve::endMatrix);
  }

  /** A threshold that a matrix has no count for has none in the sum. */
  private void addUp(Map<String, Integer> sums, Map<String, Integer> counts) {
    if (matrices > 1) {
      sums.keySet().retainAll(counts.keySet());
      counts.forEach((epsilon, count) -> sums.computeIfPresent(epsilon, (key, sum) -> sum + count));
    } else {
      sums.putAll(counts);
    }
  }

  private void addHeat(Cell cell, VectorScan vector) {
    double[] sums = heat.computeIfAbsent(cell, unseen -> new double[4]);
    double square = vector.singularValue() * vector.singularValue();
    sums[0] += vector.isIntruder() ? 1 : 0;
    sums[1] += 1;
    sums[2] += vector.isIntruder() ? square : 0;
    sums[3] += square;
  }

  private static Double margin(ScanEntry entry, Function<CriticalStrength, Double> at) {
    Double margin = entry.criticalMargin(at);
    return margin == null || margin.isNaN() ? null : margin;
  }

  private static WorstMatrix worst(ScanEntry entry) {
    return new WorstMatrix(
        entry.checkpointId(),
        entry.matrix(),
        entry.rows(),
        entry.cols(),
        entry.dtype(),
        entry.intruderCount(),
        entry.intruderEnergyShare(),
        entry.updateRank(),
        entry.updateEffectiveRank(),
        entry.updateEffectiveRankLow(),
        entry.updateEffectiveRankHigh(),
        entry.updateRelativeNorm(),
        entry.updateSpectralNorm(),
        entry.baseSpectralNorm(),
        entry.criticalMargin(CriticalStrength::atK),
        entry.solver(),
        entry.maxResidual());
  }

  /** What was added so far comes to. */
  public CheckpointFigures figures() {
    List<CurvePoint> points = new ArrayList<>();
    List<ShareCounts> shares = new ArrayList<>();
    curves.forEach(
        (side, curve) -> {
          points.addAll(curve.points(side));
          shares.addAll(curve.shares(side));
        });
    List<HeatCell> cells = new ArrayList<>();
    heat.forEach(
        (cell, sums) ->
            cells.add(
                new HeatCell(
                    cell.layer(), cell.module(), (int) sums[0], (int) sums[1], sums[2], sums[3])));
    return new CheckpointFigures(
        checkpointId,
        LedgerPart.entriesKey(keys),
        matrices,
        intruderCount,
        new TreeMap<>(intruders),
        new TreeMap<>(ties),
        intruderEnergy,
        energy,
        effectiveRanks,
        stableRanks,
        updated,
        massSquares,
        frozenInputs,
        updateSquares,
        baseSquares,
        maxResidual,
        new TreeMap<>(solvers),
        List.copyOf(margins),
        points,
        shares,
        cells,
        worst.stream().sorted(WORST_FIRST).toList(),
        geometry.means(),
        identity.identity(),
        uncheckedMerges);
  }
}
