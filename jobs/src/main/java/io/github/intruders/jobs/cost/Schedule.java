package io.github.intruders.jobs.cost;

import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.RouteChoice;
import io.github.intruders.cost.Workload;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.spectra.SpectrumPart;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How a scan is cut into tasks: a matrix by itself as long as that keeps every core busy, since
 * each task reads the base's decomposition, or searches the base; its checkpoints over several
 * tasks where they would take far longer than the rest, or where too much would be lost with one
 * task.
 *
 * @param pieces the longest tasks first; matrices without work have none
 */
public record Schedule(List<Piece> pieces) {
  /** Bounds how much work is lost with a task. */
  private static final int MOST_CHECKPOINTS_PER_TASK = 128;

  /** The same in time of one core. */
  private static final double MOST_SECONDS_PER_TASK = 1800;

  /** How many times longer a task has to work than on what each task does again. */
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
    Map<String, RouteChoice> choices = new HashMap<>();
    double total = 0;
    for (String name : outlook.inTasks().keySet()) {
      choices.put(name, outlook.choice(name));
      total += scanSeconds(outlook, name, choices.get(name));
    }
    double target = Math.min(MOST_SECONDS_PER_TASK, total / (2.0 * slots));
    List<Piece> pieces = new ArrayList<>();
    for (Map.Entry<String, Workload> entry : outlook.inTasks().entrySet()) {
      String name = entry.getKey();
      RouteChoice choice = choices.get(name);
      double seconds = scanSeconds(outlook, name, choice);
      double again = secondsAgain(outlook, name, choice);
      double first =
          choice.decomposes()
              ? CostModel.decomposition(outlook.matrices().get(name)).coreSeconds()
              : 0;
      pieces.add(
          new Piece(name, seconds + first, shares(entry.getValue(), seconds, again, target)));
    }
    pieces.sort(
        Comparator.comparingDouble(Piece::secondsPerTask).reversed().thenComparing(Piece::matrix));
    return new Schedule(pieces);
  }

  private static double scanSeconds(Outlook outlook, String name, RouteChoice choice) {
    return outlook
        .scan(outlook.matrices().get(name), outlook.inTasks().get(name), choice)
        .coreSeconds();
  }

  /** What each further task does again: reading the decomposition, or searching the base. */
  private static double secondsAgain(Outlook outlook, String name, RouteChoice choice) {
    BaseMatrix matrix = outlook.matrices().get(name);
    return choice.byBounds()
        ? outlook.model().boundsOfBase(matrix, choice.known()).coreSeconds()
        : CostModel.readSeconds(CostModel.storedBytes(matrix, SpectrumPart.BOTH));
  }

  private static int shares(Workload work, double seconds, double again, double target) {
    double forLength = work.checkpoints() / (double) MOST_CHECKPOINTS_PER_TASK;
    double worth = Math.min((double) work.checkpoints(), seconds / (WORTH_READING * again));
    double forCores = Math.min(seconds / target, worth);
    return (int) Math.ceil(Math.max(1, Math.max(forLength, forCores)));
  }

  /** The matrices whose checkpoints are spread over several tasks. */
  public Set<String> spread() {
    return pieces.stream()
        .filter(piece -> piece.shares() > 1)
        .map(Piece::matrix)
        .collect(Collectors.toSet());
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
