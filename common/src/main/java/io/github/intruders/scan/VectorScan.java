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
 * @param bestSimilarity maxᵢ |cᵢ|, over all base vectors (Definition 3.1); null where only bounds
 *     of it are known
 * @param bestSimilarityLow no more than that
 * @param bestSimilarityHigh no less than that
 * @param bestBaseIndex the base vector that reaches it; null where the base has rank 0, or where it
 *     is not known
 * @param baseSingularValue the base's singular value at that index; null with it
 * @param isIntruder whether bestSimilarity lies under the first threshold; never so for a vector
 *     whose singular value is zero up to rounding ({@link TunedSpectrum#resolution}), since such a
 *     vector has no direction of its own
 * @param nullQuantile the share of random directions whose best similarity is lower: near 1 for a
 *     vector that resembles the base more than chance does, see {@link RandomDirection}; null, as
 *     the figures that follow, where the base is not decomposed and it can't be told without
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
    Double bestSimilarity,
    double bestSimilarityLow,
    double bestSimilarityHigh,
    Integer bestBaseIndex,
    Double baseSingularValue,
    boolean isIntruder,
    Double nullQuantile,
    Double nullSimilarity,
    Double energyInBaseTopK,
    Double clusterSimilarity,
    Double energyOutsideSpan,
    Double participationRatio,
    double residual)
    implements Serializable {
  /** What a vector is. */
  public enum Verdict {
    INTRUDER,
    NOT
  }

  /** Whether it is an intruder at the first threshold, which bounds suffice to tell. */
  public Verdict verdict() {
    return isIntruder ? Verdict.INTRUDER : Verdict.NOT;
  }
}
