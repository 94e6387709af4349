/**
 * Singular spectra: the base's full decomposition and the store that keeps it, and the figures of
 * an update. Input: matrices. Output: {@link io.github.intruders.spectra.BaseSpectrum}, kept as
 * safetensors under the hash of the tensor's content, and {@link
 * io.github.intruders.spectra.UpdateStatistics}. Before it: {@code plan}; after it: {@code scan}.
 */
package io.github.intruders.spectra;
