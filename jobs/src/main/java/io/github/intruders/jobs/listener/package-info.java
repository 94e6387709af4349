/**
 * Those who are told of runs, such as MLflow and OpenLineage. They come in jars of their own, each
 * a {@link io.github.intruders.jobs.listener.RunListener} that {@link java.util.ServiceLoader}
 * finds; the job itself knows none of them.
 */
package io.github.intruders.jobs.listener;
