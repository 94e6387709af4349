/**
 * The spectra stage: decomposes the base matrices that the store lacks, one per task. Input: the
 * base's plan. Output: files of the spectra store.
 */
package io.github.intruders.jobs.spectra;
