/**
 * Dense linear algebra on native memory: matrices, BLAS products, orthonormal bases, singular value
 * decompositions. Input: numbers. Output: numbers. Knows nothing of checkpoints.
 *
 * <p>The only package that touches the OpenBLAS binding. All matrices are row-major. Singular
 * values are ordered descending in one place, {@link io.github.intruders.linalg.Svd}.
 */
package io.github.intruders.linalg;
