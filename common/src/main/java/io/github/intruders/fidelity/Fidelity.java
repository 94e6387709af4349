package io.github.intruders.fidelity;

import io.github.intruders.input.Rejection;
import java.io.Serializable;
import java.util.Map;

/**
 * How a merged matrix W relates to W0 + P, where P = Σ Pᵢ is the sum of the updates it is said to
 * be merged from. Norms, all null where the verdict is {@link Verdict#UNKNOWN}, are Frobenius
 * norms, in the unit of the weights.
 *
 * @param cause of the verdict in words, with figures; null for {@link Verdict#FAITHFUL}
 * @param updateNorm ‖P‖
 * @param residualNorm ‖W − (W0 + P)‖
 * @param boundNorm what rounding can explain of that, see {@link MergeCheck}
 * @param roundingNorm what rounding W0 + P once, to {@code precision}, makes of it
 * @param lostEnergy Σ p² over the entries of W that equal the base's, rounded to {@code precision}
 * @param lostEnergyPredicted the same if W0 + P were rounded once
 * @param precision the type that the tuned entries have been rounded to, which is coarser than that
 *     of the file where all of them are numbers of it: {@code BF16}, {@code F16}, {@code F32} or
 *     {@code F64}
 * @param coefficients by position of the adapter: how many times its update is in W, by least
 *     squares; without those of adapters that don't change the matrix
 * @param margins by position: by how much rounding may have moved the coefficient
 * @param rejection the adapter that could not be used, where that is why nothing is known; else
 *     null
 */
public record Fidelity(
    Verdict verdict,
    String cause,
    Double updateNorm,
    Double residualNorm,
    Double boundNorm,
    Double roundingNorm,
    Double lostEnergy,
    Double lostEnergyPredicted,
    String precision,
    Map<String, Double> coefficients,
    Map<String, Double> margins,
    Rejection rejection)
    implements Serializable {
  /** Nothing is known, for this reason. */
  public static Fidelity unknown(String reason) {
    return unknown(reason, null);
  }

  /** Nothing is known, since an adapter can't be used. */
  public static Fidelity unknown(Rejection rejection) {
    return unknown(rejection.message(), rejection);
  }

  private static Fidelity unknown(String reason, Rejection rejection) {
    return new Fidelity(
        Verdict.UNKNOWN,
        reason,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        Map.of(),
        Map.of(),
        rejection);
  }

  /** ‖W − (W0 + P)‖ / ‖P‖; null where no adapter changes the matrix. */
  public Double residual() {
    return share(residualNorm, updateNorm);
  }

  /** What rounding can explain of {@link #residual}. */
  public Double residualBound() {
    return share(boundNorm, updateNorm);
  }

  /** What {@link #residual} would be if W0 + P had been rounded once. */
  public Double residualOfRounding() {
    return share(roundingNorm, updateNorm);
  }

  /** The share of ‖P‖² in entries that are still the base's; null as {@link #residual}. */
  public Double lostShare() {
    return atMostOne(share(lostEnergy, square(updateNorm)));
  }

  /** The same as rounding once would have it. */
  public Double lostSharePredicted() {
    return atMostOne(share(lostEnergyPredicted, square(updateNorm)));
  }

  private static Double atMostOne(Double share) {
    return share == null ? null : (Double) Math.min(1, share);
  }

  private static Double square(Double value) {
    return value == null ? null : (Double) (value * value);
  }

  private static Double share(Double part, Double whole) {
    return whole != null && whole > 0 ? (Double) (part / whole) : null;
  }
}
