/**
 * Tells MLflow and OpenLineage of runs, each by its official client: the {@link
 * io.github.intruders.jobs.listener.RunListener}s that the options {@code --mlflow} and {@code
 * --openlineage} ask for.
 */
package io.github.intruders.decisions;
