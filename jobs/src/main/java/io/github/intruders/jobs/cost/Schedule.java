package io.github.intruders.jobs.cost;

import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.Workload;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.spectra.SpectrumPart;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * How a scan is cut into tasks: a matrix by itself as long as that keeps every core busy, since
 * each task reads the base's decomposition; its checkpoints over several tasks where they would
 * take far longer than the rest, or where too much would be lost with one task.
 *
 * @param pieces the longest tasks first; matrices without work have none
 */
public record Schedule(List<Piece> pieces) {
  /** Bounds how much work is lost with a task. */
  private static final int MOST_CHECKPOINTS_PER_TASK = 128;

  /** The same in time of one core. */
  private static final double MOST_SECONDS_PER_TASK = 1800;

  /** How many times longer than reading the decomposition a task has to work. */
  private static final int WORTH_READING = 10;

  public Schedule {
    pieces = List.copyOf(pieces);
  }

  /**
   * What there is to do with one matrix.
   *
   * @param coreSeconds expected, over all its checkpoints, with its decomposition where it is done
   *     in the same task
   * @param shares over how many tasks its checkpoints are spread
   */
  public record Piece(String matrix, double coreSeconds, int shares) {
    /** Of each of its tasks. */
    public double secondsPerTask() {
      return coreSeconds / shares;
    }
  }

  static Schedule of(Outlook outlook, int slots) {
    double total = 0;
    for (Map.Entry<String, Workload> entry : outlook.inTasks().entrySet()) {
      total += scanSeconds(outlook, entry);
    }
    double target = Math.min(MOST_SECONDS_PER_TASK, total / (2.0 * slots));
    List<Piece> pieces = new ArrayList<>();
    for (Map.Entry<String, Workload> entry : outlook.inTasks().entrySet()) {
      BaseMatrix matrix = outlook.matrices().get(entry.getKey());
      double seconds = scanSeconds(outlook, entry);
      int shares = shares(matrix, entry.getValue(), seconds, target);
      boolean decomposed = outlook.stored().contains(entry.getKey());
      pieces.add(
          new Piece(
              entry.getKey(),
              seconds + (decomposed ? 0 : CostModel.decomposition(matrix).coreSeconds()),
              shares));
    }
    pieces.sort(
        Comparator.comparingDouble(Piece::secondsPerTask).reversed().thenComparing(Piece::matrix));
    return new Schedule(pieces);
  }

  private static double scanSeconds(Outlook outlook, Map.Entry<String, Workload> entry) {
    BaseMatrix matrix = outlook.matrices().get(entry.getKey());
    return outlook.model().scan(matrix, entry.getValue()).coreSeconds();
  }

  private static int shares(BaseMatrix matrix, Workload work, double seconds, double target) {
    double forLength = work.checkpoints() / (double) MOST_CHECKPOINTS_PER_TASK;
    double reading = CostModel.readSeconds(CostModel.storedBytes(matrix, SpectrumPart.BOTH));
    double worth = Math.min((double) work.checkpoints(), seconds / (WORTH_READING * reading));
    double forCores = Math.min(seconds / target, worth);
    return (int) Math.ceil(Math.max(1, Math.max(forLength, forCores)));
  }

  /** Whether the checkpoints of some matrix are spread over several tasks. */
  public boolean spreads() {
    return pieces.stream().anyMatch(piece -> piece.shares() > 1);
  }

  /** How many tasks there are. */
  public int tasks() {
    return pieces.stream().mapToInt(Piece::shares).sum();
  }

  /** How long the longest task takes. */
  public double longestSeconds() {
    return pieces.stream().mapToDouble(Piece::secondsPerTask).max().orElse(0);
  }
}
