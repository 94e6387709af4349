/**
 * Finds the intruder dimensions: the leading singular vectors of a tuned matrix, their coordinates
 * in the base's singular basis, and what follows from these. Input: base spectra, updates. Output:
 * {@link io.github.intruders.scan.MatrixScan}. Before it: {@code spectra}; after it: {@code
 * accumulation}, {@code mitigation}, {@code report}.
 */
package io.github.intruders.scan;
