/**
 * Decides what will be analysed before anything is computed: pairs base and tuned tensors by name,
 * checks their shapes, orients transposed layouts, estimates the cost. Input: opened checkpoints
 * and adapters (headers only). Output: {@link io.github.intruders.plan.MatrixPlan} per checkpoint
 * and matrix, and a {@link io.github.intruders.input.Rejection} for all that does not fit. Next:
 * {@code spectra} and {@code scan}.
 */
package io.github.intruders.plan;
