/**
 * The scan stage: spreads the search for intruders over the executors, by base matrix. Input:
 * plans. Output: entries of the ledger.
 */
package io.github.intruders.jobs.scan;
