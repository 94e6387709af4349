package io.github.intruders.jobs.figures;

import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.fidelity.Verdict;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.plan.AdapterCoverage;
import java.io.Serializable;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Whether a checkpoint is what it says it is.
 *
 * @param baseOverlap mean over the matrices of {@link ScanEntry#baseOverlap}; null for adapters,
 *     whose tuned weights are made of the base, and where it is known of none
 * @param descends whether it descends from the base at all; null where that is not known
 * @param fidelity the verdict on its merge: the fault that most of its matrices have, else the
 *     weightiest verdict of any; {@value #UNPAIRED} where an adapter has no module in common with
 *     the base; null, as all that follows, where it is not said to be merged from anything, or none
 *     of its matrices was looked at
 * @param fidelityMatrices how many matrices were looked at
 * @param fidelityFaults how many of them are not what they should be
 * @param fidelityResidual ‖W − (W0 + P)‖ / ‖P‖ over all of them
 * @param fidelityLostShare the share of ‖P‖² in entries that are still the base's
 * @param fidelityNote what is off, in words; null where nothing is
 */
public record Identity(
    Double baseOverlap,
    Boolean descends,
    String fidelity,
    Integer fidelityMatrices,
    Integer fidelityFaults,
    Double fidelityResidual,
    Double fidelityLostShare,
    String fidelityNote)
    implements Serializable {
  /** Of a checkpoint of which nothing is known. */
  public static final Identity UNKNOWN =
      new Identity(null, null, null, null, null, null, null, null);

  /** An adapter that a checkpoint is said to be merged from has no module of the base. */
  public static final String UNPAIRED = "unpaired";

  /**
   * A tuned model this near to its base, by ‖ΔW‖ / ‖W0‖, descends from it: of an unrelated one,
   * whose weights are orthogonal to the base's, the ratio is at least 1.
   */
  private static final double NEAR = 0.99;

  /** Less overlap than this beyond chance is none. */
  private static final double LEAST_OVERLAP = 0.1;

  /** This, with what the headers of its adapters say. */
  public Identity with(List<AdapterCoverage> coverage) {
    boolean adapted = coverage.stream().anyMatch(of -> of.role() == AdapterCoverage.Role.ADAPTERS);
    AdapterCoverage unpaired =
        coverage.stream()
            .filter(of -> of.role() == AdapterCoverage.Role.MERGED_FROM && of.found() == 0)
            .findFirst()
            .orElse(null);
    return new Identity(
        adapted ? null : baseOverlap,
        adapted ? null : descends,
        unpaired == null ? fidelity : UNPAIRED,
        fidelityMatrices,
        fidelityFaults,
        fidelityResidual,
        fidelityLostShare,
        unpaired == null
            ? fidelityNote
            : "adapter %d of merged_from: none of its %d modules is in the base, such as %s; was a prefix renamed?"
                .formatted(unpaired.position(), unpaired.modules(), unpaired.firstMissing()));
  }

  /** What is off, in a sentence without its end; null where nothing is. */
  public String warning() {
    String base =
        Boolean.FALSE.equals(descends)
            ? "it does not seem to descend from the base: its leading singular vectors have no more"
                + " in common with the base's than random ones"
            : null;
    String merge = fidelityNote == null ? null : "merge %s: %s".formatted(fidelity, fidelityNote);
    if (base == null || merge == null) {
      return base == null ? merge : base;
    }
    return base + "; " + merge;
  }

  /** Adds up matrices, in the order they come. */
  static final class Sums {
    private final Map<Verdict, Integer> verdicts = new EnumMap<>(Verdict.class);
    private final Map<Verdict, String> causes = new EnumMap<>(Verdict.class);
    private final Map<Verdict, Double> largest = new EnumMap<>(Verdict.class);
    private double overlaps;
    private int overlapping;
    private double updateSquares;
    private double baseSquares;
    private int checked;
    private double predicted;
    private double residual;
    private double lost;

    void add(ScanEntry entry) {
      Double overlap = entry.baseOverlap();
      if (overlap != null) {
        overlaps += overlap;
        overlapping++;
        updateSquares += entry.updateNorm() * entry.updateNorm();
        baseSquares += entry.baseNorm() * entry.baseNorm();
      }
      if (entry.fidelity() != null) {
        add(entry.matrix(), entry.fidelity());
      }
    }

    private void add(String matrix, Fidelity of) {
      checked++;
      verdicts.merge(of.verdict(), 1, Integer::sum);
      double size = of.residualNorm() == null ? 0 : of.residualNorm();
      if (of.cause() != null && size >= largest.getOrDefault(of.verdict(), 0.0)) {
        largest.put(of.verdict(), size);
        causes.put(of.verdict(), "%s: %s".formatted(matrix, of.cause()));
      }
      if (of.verdict() != Verdict.UNKNOWN) {
        predicted += of.updateNorm() * of.updateNorm();
        residual += of.residualNorm() * of.residualNorm();
        lost += of.lostEnergy();
      }
    }

    Identity identity() {
      Double overlap = overlapping > 0 ? (Double) (overlaps / overlapping) : null;
      Verdict verdict = verdict();
      int faults = 0;
      for (Map.Entry<Verdict, Integer> one : verdicts.entrySet()) {
        faults += one.getKey().isFault() ? one.getValue() : 0;
      }
      return new Identity(
          overlap,
          overlap == null ? null : (Boolean) descends(overlap),
          verdict == null ? null : verdict.text(),
          verdict == null ? null : (Integer) checked,
          verdict == null ? null : (Integer) faults,
          predicted > 0 ? (Double) Math.sqrt(residual / predicted) : null,
          predicted > 0 ? (Double) Math.min(1, lost / predicted) : null,
          causes.containsKey(verdict)
              ? "%d of %d matrices, such as %s"
                  .formatted(verdicts.get(verdict), checked, causes.get(verdict))
              : null);
    }

    private boolean descends(double overlap) {
      return Math.sqrt(updateSquares) < NEAR * Math.sqrt(baseSquares) || overlap >= LEAST_OVERLAP;
    }

    /** The fault that most matrices have; where none has any, the weightiest of the others. */
    private Verdict verdict() {
      Verdict most = null;
      for (Map.Entry<Verdict, Integer> one : verdicts.entrySet()) {
        Verdict verdict = one.getKey();
        boolean more =
            most == null
                || (verdict.isFault() && (!most.isFault() || one.getValue() >= verdicts.get(most)))
                || (!verdict.isFault() && !most.isFault());
        most = more ? verdict : most;
      }
      return most;
    }
  }
}
