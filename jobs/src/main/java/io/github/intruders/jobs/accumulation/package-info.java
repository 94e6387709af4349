/**
 * The accumulation stage. Input: the tables and tuned vectors that {@code scan} wrote. Output: the
 * tables {@code intruder_tracks}, {@code accumulation} and {@code accumulation_by_matrix}.
 */
package io.github.intruders.jobs.accumulation;
