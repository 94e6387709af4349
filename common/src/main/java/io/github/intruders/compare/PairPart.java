package io.github.intruders.compare;

import java.io.Serializable;

/**
 * What a pair of updates of one matrix adds to the figures of the pair.
 *
 * @param product ⟨Ta, Tb⟩ of what their triplets hold
 * @param error how far ⟨ΔWa, ΔWb⟩ may be from {@code exactProduct}; 0 where both are whole
 * @param exactProduct ⟨ΔWa, ΔWb⟩ as far as it is known
 * @param leftOverlap mean squared principal cosine of the column spaces
 * @param rightOverlap the same of the row spaces
 * @param interference ‖Ma Sb Naᵀ‖₁ + ‖Mbᵀ Sa Nb‖₁, the sum of the absolute values of all elements
 * @param interferenceNull its mean for random subspaces
 * @param sharedIntruders how many intruders both have; −1 where it is not known
 * @param leftCosines principal cosines of the column spaces, descending
 * @param rightCosines the same of the row spaces
 */
public record PairPart(
    double product,
    double error,
    double exactProduct,
    double leftOverlap,
    double rightOverlap,
    double interference,
    double interferenceNull,
    int sharedIntruders,
    double[] leftCosines,
    double[] rightCosines)
    implements Serializable {
  /** Stands for a count that is not known. */
  public static final int UNKNOWN = -1;
}
