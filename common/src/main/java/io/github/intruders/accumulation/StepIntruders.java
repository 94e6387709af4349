package io.github.intruders.accumulation;

import io.github.intruders.scan.TunedVectors;
import java.util.List;

/**
 * The intruders of one matrix at one step of a sequence.
 *
 * @param step its number
 * @param task what the step was tuned for, or null
 * @param intruders by singular index, ascending
 * @param vectors the tuned vectors; column {@code singularIndex} belongs to an intruder; they
 *     belong to whoever made this
 */
public record StepIntruders(int step, String task, List<Intruder> intruders, TunedVectors vectors) {
  public StepIntruders {
    intruders = List.copyOf(intruders);
  }
}
