package io.github.intruders.jobs.pipeline;

import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.results.Results;
import java.util.List;

/**
 * What the stages up to the scan's tables give to those behind them.
 *
 * @param plan what was to be analysed
 * @param results what was found
 * @param checkpoints what is told of each checkpoint, in the manifest's order
 */
record Scanned(RunPlan plan, Results results, List<CheckpointResult> checkpoints)
    implements AutoCloseable {
  @Override
  public void close() {
    results.close();
    plan.close();
  }
}
