package io.github.intruders.scan;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.spectra.SpectrumPart;
import java.io.Serializable;
import java.util.List;
import java.util.TreeSet;

/**
 * What is looked for.
 *
 * @param topK how many leading vectors of a tuned matrix are tested
 * @param epsilons thresholds in the order given; the first one gives the headline count
 * @param sides which vectors are compared, at least one side
 * @param solver which routes are allowed
 * @param rank how the effective rank of a full fine-tune's update is found
 */
public record ScanSettings(
    TopK topK, List<Double> epsilons, List<Side> sides, SolverChoice solver, RankChoice rank)
    implements Serializable {
  private static final List<Double> SWEEP = List.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9);

  public ScanSettings {
    epsilons = List.copyOf(epsilons);
    sides = List.copyOf(sides);
    if (epsilons.isEmpty() || sides.isEmpty()) {
      throw new IllegalArgumentException("At least one epsilon and one side are needed");
    }
    for (double epsilon : epsilons) {
      if (!(epsilon > 0 && epsilon <= 1)) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "Cannot use epsilon %s: expected a number above 0, at most 1".formatted(epsilon));
      }
    }
  }

  /** Settings that leave the effective rank to what is cheaper. */
  public ScanSettings(TopK topK, List<Double> epsilons, List<Side> sides, SolverChoice solver) {
    this(topK, epsilons, sides, solver, RankChoice.AUTO);
  }

  /** The same settings with another choice of routes. */
  public ScanSettings with(SolverChoice other) {
    return new ScanSettings(topK, epsilons, sides, other, rank);
  }

  /** The definition of the paper: k = 10, ε = 0.5, left vectors. */
  public static ScanSettings published() {
    return new ScanSettings(TopK.parse("10"), List.of(0.5), List.of(Side.LEFT), SolverChoice.AUTO);
  }

  /** The threshold of the headline count. */
  public double epsilon() {
    return epsilons.get(0);
  }

  /** What the compared sides need of a base's decomposition. */
  public SpectrumPart part() {
    if (sides.size() > 1) {
      return SpectrumPart.BOTH;
    }
    return sides.get(0) == Side.LEFT ? SpectrumPart.LEFT : SpectrumPart.RIGHT;
  }

  /** Every threshold that is counted, ascending: the sweep 0.1 … 0.9 and the given ones. */
  public List<Double> allEpsilons() {
    TreeSet<Double> all = new TreeSet<>(SWEEP);
    all.addAll(epsilons);
    return List.copyOf(all);
  }
}
