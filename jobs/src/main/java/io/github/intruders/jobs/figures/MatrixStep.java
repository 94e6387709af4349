package io.github.intruders.jobs.figures;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * One step of a sequence in one matrix; what the names say as in {@link AccumulationStep}.
 *
 * @param layer null where the matrix belongs to none
 * @param intruderEnergy Σσ² over the intruders of the counted side
 * @param energy Σσ² over all tested vectors of that side
 * @param subspaceLocking how much of the right subspace of the last step is there already, see
 *     {@link io.github.intruders.accumulation.SubspaceLocking}; null where it is not known
 */
public record MatrixStep(
    String sequence,
    int step,
    String checkpointId,
    String task,
    String matrix,
    Integer layer,
    String module,
    int intruders,
    int born,
    int persisted,
    int faded,
    int cumulativeBorn,
    double intruderEnergy,
    double energy,
    Double subspaceLocking)
    implements Serializable {
  private static final int SHARE_DIGITS = 12;

  /** The intruders' part of the energy, 0 where there is none. */
  public double intruderEnergyShare() {
    return share(intruderEnergy, energy);
  }

  /** Rounded to twelve digits, where the order of summation would show. */
  public static double share(double intruderEnergy, double energy) {
    if (!(energy > 0)) {
      return 0;
    }
    return BigDecimal.valueOf(intruderEnergy / energy)
        .setScale(SHARE_DIGITS, RoundingMode.HALF_UP)
        .doubleValue();
  }
}
