/**
 * The forgetting stage: joins measured metrics with what the scan found, and correlates. Input:
 * metrics files and the {@code checkpoints} table. Output: the tables {@code metrics} and {@code
 * forgetting}.
 */
package io.github.intruders.jobs.forgetting;
