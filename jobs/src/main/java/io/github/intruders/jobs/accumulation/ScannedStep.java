package io.github.intruders.jobs.accumulation;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What the scan found in one matrix at one step, on the counted side.
 *
 * @param intruders by singular index
 * @param intruderEnergy Σσ² over them
 * @param energy Σσ² over all tested vectors
 * @param fitsSettings whether this was counted as the run would count: following it otherwise would
 *     mislead
 */
record ScannedStep(
    SequencePlan.Step place,
    String matrix,
    Integer layer,
    String module,
    String scanKey,
    List<Intruder> intruders,
    double intruderEnergy,
    double energy,
    boolean fitsSettings)
    implements Serializable {

  static ScannedStep of(SequencePlan.Step place, ScanEntry entry, ScanSettings settings) {
    Side side = settings.sides().get(0);
    List<Intruder> intruders = new ArrayList<>();
    double energy = 0;
    double intruderEnergy = 0;
    int tested = 0;
    for (VectorScan vector : entry.vectors()) {
      if (vector.side() == side) {
        double square = vector.singularValue() * vector.singularValue();
        tested++;
        energy += square;
        if (vector.isIntruder()) {
          intruderEnergy += square;
          intruders.add(
              new Intruder(
                  vector.singularIndex(), vector.singularValue(), vector.bestSimilarity()));
        }
      }
    }
    return new ScannedStep(
        place,
        entry.matrix(),
        entry.layer(),
        entry.module(),
        entry.key(),
        intruders,
        intruderEnergy,
        energy,
        fits(entry, settings, side, tested));
  }

  /** Counts are nested in ε, so that an equal count means the same intruders. */
  private static boolean fits(ScanEntry entry, ScanSettings settings, Side side, int tested) {
    Integer counted = entry.intruders().get(Double.toString(settings.epsilon()));
    return !entry.vectors().isEmpty()
        && entry.vectors().get(0).side() == side
        && tested == settings.topK().of(Math.min(entry.rows(), entry.cols()))
        && counted != null
        && counted == entry.intruderCount();
  }
}
