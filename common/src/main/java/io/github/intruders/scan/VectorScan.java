package io.github.intruders.scan;

import java.io.Serializable;

/**
 * One tuned singular vector against the base. With c = U0ᵀ u (left) or V0ᵀ v (right), of the base
 * vectors whose singular values are not zero up to rounding ({@link
 * io.github.intruders.spectra.SingularValues#rank}); the others are arbitrary and match nothing:
 *
 * @param side which of the triplet's two vectors
 * @param singularIndex place of the triplet in the tuned spectrum, from 0, descending
 * @param singularValue σ of the triplet
 * @param bestSimilarity maxᵢ |cᵢ|, over all base vectors (Definition 3.1)
 * @param bestBaseIndex the base vector that reaches it; null where the base has rank 0
 * @param baseSingularValue the base's singular value at that index; null with it
 * @param isIntruder whether bestSimilarity lies under the first threshold; never so for a vector
 *     whose singular value is zero up to rounding ({@link TunedSpectrum#resolution}), since such a
 *     vector has no direction of its own
 * @param nullQuantile the share of random directions whose best similarity is lower: near 1 for a
 *     vector that resembles the base more than chance does, see {@link RandomDirection}
 * @param nullSimilarity the best similarity that 99 % of random directions stay below
 * @param energyInBaseTopK Σ cᵢ² over the base's k leading vectors
 * @param clusterSimilarity √Σ cᵢ² over the base vectors whose singular values lie within {@value
 *     IntruderRule#CLUSTER_GAP} of the best match's, relatively: near 1 where the vector is a
 *     rotation among almost equal ones
 * @param energyOutsideSpan 1 − Σ cᵢ², at least 0
 * @param participationRatio 1 / Σ cᵢ⁴: over how many base vectors it is spread
 * @param residual of the triplet, see {@link TunedSpectrum#residuals}
 */
public record VectorScan(
    Side side,
    int singularIndex,
    double singularValue,
    double bestSimilarity,
    Integer bestBaseIndex,
    Double baseSingularValue,
    boolean isIntruder,
    double nullQuantile,
    double nullSimilarity,
    double energyInBaseTopK,
    double clusterSimilarity,
    double energyOutsideSpan,
    double participationRatio,
    double residual)
    implements Serializable {}
