/**
 * What the scan found, brought together: the one shuffle of a run. Input: the {@code ledger}, or
 * the tables of earlier runs. Output: entries grouped by checkpoint, from which the {@code figures}
 * of each are collected, and the tables of matrices and vectors.
 */
package io.github.intruders.jobs.results;
