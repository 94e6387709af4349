/**
 * Distribution, tables and entry points. {@link io.github.intruders.jobs.IntruderJob} runs the
 * stages; each stage carries the name of the package of {@code common} whose science it spreads
 * over the executors.
 */
package io.github.intruders.jobs;
