/**
 * Distribution, tables and entry points. {@link io.github.intruders.jobs.pipeline.Pipeline} runs
 * the stages; each stage carries the name of the package of {@code common} whose science it spreads
 * over the executors.
 */
package io.github.intruders.jobs;
