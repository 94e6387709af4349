/**
 * The mitigation stage: edits every matrix of the chosen checkpoints, one base matrix per task, and
 * writes the edited models, one file per task. Input: plans. Output: entries of the mitigation's
 * ledger, and folders below {@code OUT/mitigated}.
 */
package io.github.intruders.jobs.mitigation;
