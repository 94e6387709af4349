package io.github.intruders.accumulation;

import java.io.Serializable;

/**
 * One intruder at one step, as part of its track through a sequence.
 *
 * @param track number of the track, from 0, by step of birth, then by singular index
 * @param step where on the track this is
 * @param intruder as it is at this step; null where it has faded
 * @param previousStep the step it was compared with; null at the first one
 * @param similarityLeft |⟨u, u′⟩| with the intruder's left vector at the step before; for a vector
 *     that was matched with a cluster, the length of its projection on the cluster's span; for one
 *     that was born, the best that any intruder of the step before reaches; null without one
 * @param similarityRight the same of the right vectors
 * @param bornAtStep where the track starts
 * @param bornByTask what that step was tuned for, or null
 * @param state what became of it
 */
public record TrackPoint(
    int track,
    int step,
    Intruder intruder,
    Integer previousStep,
    Double similarityLeft,
    Double similarityRight,
    int bornAtStep,
    String bornByTask,
    State state)
    implements Serializable {

  /** What became of an intruder between two steps. */
  public enum State {
    /** No intruder of the step before matches it. */
    BORN,
    /** It matches one of the step before. */
    PERSISTED,
    /** It was there at the step before, and nothing matches it now. */
    FADED
  }
}
