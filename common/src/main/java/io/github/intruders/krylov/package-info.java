/**
 * Bounds of similarities to all singular vectors of a matrix that is never decomposed: leading
 * triplets by block Krylov methods, Lanczos runs for the rest, certificates for both. Input:
 * matrices. Output: {@link io.github.intruders.krylov.KrylovVerdicts.Answer}. Before it: {@code
 * linalg}, and {@code spectra} for what is kept of a base; after it: {@code scan}.
 */
package io.github.intruders.krylov;
