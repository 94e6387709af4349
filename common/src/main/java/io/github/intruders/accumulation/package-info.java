/**
 * Intruders along a sequence of tunings. Input: the intruders of one matrix at every step, with
 * their tuned vectors. Output: {@link io.github.intruders.accumulation.TrackPoint}s, which tell
 * when each intruder was born, how long it persisted and when it faded. Before it: {@code scan}.
 */
package io.github.intruders.accumulation;
