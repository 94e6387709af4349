/**
 * Forgetting: what measured metrics say a tuning cost, and how it goes with what the scan found.
 * Input: metrics files and the {@code checkpoints} table. Output: forgetting per checkpoint and
 * metric, rank correlations. Before it: {@code scan}; after it: {@code report}.
 */
package io.github.intruders.forgetting;
