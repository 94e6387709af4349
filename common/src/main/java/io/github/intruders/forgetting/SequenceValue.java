package io.github.intruders.forgetting;

import java.io.Serializable;

/**
 * A metric of one step of a sequence.
 *
 * @param task what the step was tuned for, or null
 */
public record SequenceValue(String sequence, int step, String task, MeasuredForgetting measured)
    implements Serializable {}
