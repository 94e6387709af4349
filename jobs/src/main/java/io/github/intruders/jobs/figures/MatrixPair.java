package io.github.intruders.jobs.figures;

import io.github.intruders.compare.PairFigures;
import java.io.Serializable;
import java.util.List;

/**
 * Two checkpoints of one base, in one matrix that both have an update of.
 *
 * @param layer null where the matrix belongs to none
 * @param leftCosines principal cosines of the column spaces, descending
 * @param rightCosines the same of the row spaces
 * @param family the family both checkpoints belong to; null for none
 */
public record MatrixPair(
    String checkpointA,
    String checkpointB,
    String matrix,
    Integer layer,
    String module,
    PairFigures figures,
    List<Double> leftCosines,
    List<Double> rightCosines,
    String family)
    implements Serializable {}
