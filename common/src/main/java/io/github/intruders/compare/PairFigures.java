package io.github.intruders.compare;

import java.io.Serializable;

/**
 * How two updates ΔWa and ΔWb of one base compare, in one matrix or over all of them. What is not
 * defined or not known is null.
 *
 * @param normA ‖ΔWa‖_F
 * @param normB ‖ΔWb‖_F
 * @param cosine ⟨ΔWa, ΔWb⟩ / (‖ΔWa‖ ‖ΔWb‖); null where only leading triplets are known, or one of
 *     the two is 0
 * @param cosineLow the cosine is at least this; equal to it where it is known
 * @param cosineHigh and at most this
 * @param leadingCosine the cosine of what is compared: the leading triplets, which are all of an
 *     adapter's
 * @param energyShare what the leading triplets hold of ‖ΔW‖², of the update of which they hold less
 * @param relativeDistance ‖ΔWa − ΔWb‖ / max(‖ΔWa‖, ‖ΔWb‖), 0 where both are 0
 * @param leftOverlap mean squared principal cosine of the column spaces, ‖UaᵀUb‖²_F / min(ra, rb)
 * @param rightOverlap the same of the row spaces
 * @param interference singular task interference of a merge (Gargiulo et al. 2025), relative to the
 *     nuclear norms of both
 * @param interferenceNull what random subspaces of the same ranks and singular values have on
 *     average
 * @param sharedIntruders intruders of one that are intruders of the other too
 * @param duplicate null where neither is a copy of the other
 */
public record PairFigures(
    double normA,
    double normB,
    Double cosine,
    Double cosineLow,
    Double cosineHigh,
    Double leadingCosine,
    Double energyShare,
    Double relativeDistance,
    Double leftOverlap,
    Double rightOverlap,
    Double interference,
    Double interferenceNull,
    Integer sharedIntruders,
    Duplicate duplicate)
    implements Serializable {}
