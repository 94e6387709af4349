/**
 * What the figures of a run are: those of one checkpoint, from the entries of its matrices, and
 * those of all together, from each one's. Pure: no file and no Spark. Input: {@code ledger}
 * entries. Used by: the stages behind the scan, the tables and the report.
 */
package io.github.intruders.jobs.figures;
