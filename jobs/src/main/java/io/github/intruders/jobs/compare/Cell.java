package io.github.intruders.jobs.compare;

import java.io.Serializable;

/**
 * What one task reads.
 *
 * @param matrix name of a base matrix
 * @param group whose updates of it
 */
record Cell(String matrix, int group) implements Serializable {}
