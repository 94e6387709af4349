package io.github.intruders.jobs.figures;

import java.io.Serializable;

/**
 * One checkpoint among all it was compared with.
 *
 * @param matrices in which it has an update
 * @param rejected matrices that could not be compared
 * @param updateNorm ‖ΔW‖ over the matrices
 * @param energyShare what is compared of ‖ΔW‖²: all of an adapter, the leading triplets of a full
 *     fine-tune; null for no update
 * @param family the id of its first member; null where the checkpoint belongs to none
 * @param familySize how many belong to it; null for none
 * @param nearest the checkpoint whose update resembles it most; null where it was compared with
 *     none
 * @param nearestCosine of what is compared of the two
 */
public record ComparedAdapter(
    String checkpointId,
    String baseId,
    int matrices,
    int rejected,
    double updateNorm,
    Double energyShare,
    String family,
    Integer familySize,
    String nearest,
    Double nearestCosine)
    implements Serializable {}
