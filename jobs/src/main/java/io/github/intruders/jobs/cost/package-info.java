/**
 * What a run is expected to cost and how it is cut into tasks: the cost model of {@code common}
 * applied to what is planned, what is stored and what memory tasks have. {@code plan} prints it,
 * {@code scan} works by it.
 */
package io.github.intruders.jobs.cost;
