package io.github.intruders.jobs.accumulation;

import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.TrackedIntruder;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;

/**
 * What the sequences show.
 *
 * @param steps every step of every sequence, by sequence and step
 * @param byMatrix the same matrix by matrix
 * @param tracks every point of every track
 * @param rejected how many matrices could not be followed through a step
 * @param lost checkpoints whose tuned vectors are gone or damaged
 * @param held what is kept in memory until this is closed
 */
public record Accumulation(
    List<AccumulationStep> steps,
    JavaRDD<MatrixStep> byMatrix,
    JavaRDD<TrackedIntruder> tracks,
    long rejected,
    Set<String> lost,
    JavaRDD<?> held)
    implements AutoCloseable {
  @Override
  public void close() {
    held.unpersist();
  }
}
