package io.github.intruders.jobs.figures;

import io.github.intruders.compare.PairFigures;
import java.io.Serializable;

/**
 * Two checkpoints of one base, over all their matrices.
 *
 * @param checkpointA the one whose id comes first
 * @param matrices in which both have an update
 * @param rejected matrices of either that are left out of both
 * @param maxLeftCosine the largest principal cosine of column spaces in any matrix; null for none
 * @param maxRightCosine the same of row spaces
 * @param safeToMerge whether merging the two disturbs neither more than random updates would; null
 *     where leading triplets alone can't tell
 * @param family the family both belong to; null for none
 */
public record AdapterPair(
    String checkpointA,
    String checkpointB,
    String baseId,
    int matrices,
    int rejected,
    PairFigures figures,
    Double maxLeftCosine,
    Double maxRightCosine,
    Boolean safeToMerge,
    String family)
    implements Serializable {
  /** The same pair in a family. */
  public AdapterPair inFamily(String name) {
    return new AdapterPair(
        checkpointA,
        checkpointB,
        baseId,
        matrices,
        rejected,
        figures,
        maxLeftCosine,
        maxRightCosine,
        safeToMerge,
        name);
  }
}
