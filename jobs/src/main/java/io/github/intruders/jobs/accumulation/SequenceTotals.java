package io.github.intruders.jobs.accumulation;

import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.MatrixStep;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the matrices of one sequence come to, step by step. Small: one line per step. */
final class SequenceTotals implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TreeMap<Integer, Sums> steps = new TreeMap<>();
  private final HashMap<String, Long> rejected = new HashMap<>();
  private long points;
  private String misfit;

  private static final class Sums implements Serializable {
    private static final long serialVersionUID = 1L;

    private String checkpointId;
    private String task;
    private int matrices;
    private int intruders;
    private int born;
    private int persisted;
    private int faded;
    private double intruderEnergy;
    private double energy;
    private double locking;
    private int locked;

    private void add(Sums other) {
      checkpointId = other.checkpointId;
      task = other.task;
      matrices += other.matrices;
      intruders += other.intruders;
      born += other.born;
      persisted += other.persisted;
      faded += other.faded;
      intruderEnergy += other.intruderEnergy;
      energy += other.energy;
      locking += other.locking;
      locked += other.locked;
    }

    private static Sums of(MatrixStep step) {
      Sums sums = new Sums();
      sums.checkpointId = step.checkpointId();
      sums.task = step.task();
      sums.matrices = 1;
      sums.intruders = step.intruders();
      sums.born = step.born();
      sums.persisted = step.persisted();
      sums.faded = step.faded();
      sums.intruderEnergy = step.intruderEnergy();
      sums.energy = step.energy();
      if (step.subspaceLocking() != null) {
        sums.locking = step.subspaceLocking();
        sums.locked = 1;
      }
      return sums;
    }
  }

  SequenceTotals add(FollowedMatrix matrix) {
    for (MatrixStep step : matrix.steps()) {
      steps.computeIfAbsent(step.step(), unseen -> new Sums()).add(Sums.of(step));
    }
    for (Rejection rejection : matrix.rejections()) {
      rejected.merge(rejection.checkpointId(), 1L, Long::sum);
    }
    points += matrix.points().size();
    misfit = matrix.misfit() == null ? misfit : matrix.misfit();
    return this;
  }

  SequenceTotals add(SequenceTotals other) {
    other.steps.forEach(
        (step, sums) -> steps.computeIfAbsent(step, unseen -> new Sums()).add(sums));
    other.rejected.forEach((id, count) -> rejected.merge(id, count, Long::sum));
    points += other.points;
    misfit = other.misfit == null ? misfit : other.misfit;
    return this;
  }

  /** A checkpoint that was counted by other settings than this run's, or null. */
  String misfit() {
    return misfit;
  }

  /** Whether any intruder was followed. */
  boolean hasPoints() {
    return points > 0;
  }

  /** Whether any matrix was followed through any step. */
  boolean hasSteps() {
    return !steps.isEmpty();
  }

  /** How often a checkpoint's matrices could not be followed through it. */
  Map<String, Long> rejected() {
    return rejected;
  }

  /** In their order, with the births up to each. */
  List<AccumulationStep> steps(String sequence) {
    List<AccumulationStep> all = new ArrayList<>();
    int born = 0;
    for (Map.Entry<Integer, Sums> step : steps.entrySet()) {
      Sums sums = step.getValue();
      born += sums.born;
      all.add(
          new AccumulationStep(
              sequence,
              step.getKey(),
              sums.checkpointId,
              sums.task,
              sums.matrices,
              sums.intruders,
              sums.born,
              sums.persisted,
              sums.faded,
              born,
              MatrixStep.share(sums.intruderEnergy, sums.energy),
              sums.locked == 0 ? null : (Double) MatrixStep.share(sums.locking, sums.locked)));
    }
    return all;
  }
}
