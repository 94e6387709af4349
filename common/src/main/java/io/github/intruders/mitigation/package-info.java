/**
 * Edits tuned models so that they forget less: scales the intruder triplets of each matrix (section
 * 5 of the paper), makes the controls to compare with, and writes the edited adapters and
 * checkpoints. Input: plans, base spectra and tuned tensors. Output: {@link
 * io.github.intruders.mitigation.MatrixEdit} per matrix and variant, with figures that are measured
 * on the edited matrix as it is stored; and folders in the format of their input. Before it: {@code
 * scan}.
 */
package io.github.intruders.mitigation;
