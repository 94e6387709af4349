/**
 * Compares all checkpoints of one base with each other: by matrices of the base, in tiles of pairs.
 * What comes of a pair is summed over the matrices where it is made; families and neighbours come
 * from the sums.
 */
package io.github.intruders.jobs.compare;
