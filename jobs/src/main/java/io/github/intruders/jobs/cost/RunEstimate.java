package io.github.intruders.jobs.cost;

import io.github.intruders.cost.Cost;
import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.Workload;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.spectra.SpectrumPart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a run is expected to take, by the cost model. What an earlier run has finished counts as to
 * be done.
 *
 * @param matrices how many matrices of the base have work
 * @param stored how many of their decompositions the store holds
 * @param decomposed how many are to be decomposed, each in one task
 * @param decomposition what that takes
 * @param scanned how many pieces of work there are, matrices times checkpoints, in tasks
 * @param scan what they take
 * @param scanTasks over how many tasks
 * @param longestTaskSeconds of one core
 * @param inBlocks names of matrices that no task can hold and that go in blocks over all tasks
 * @param blocks what these take
 * @param refused names of matrices that no task can hold and that are left out
 * @param storeBytes what the store takes for these matrices when the run is done
 * @param oneSideBytes what it would take with {@code --store side}
 * @param cores at once
 * @param tasksAtOnce how many tasks an executor, or the local process, runs at once
 * @param memory what a task may use now
 */
public record RunEstimate(
    int matrices,
    int stored,
    int decomposed,
    Cost decomposition,
    long scanned,
    Cost scan,
    int scanTasks,
    double longestTaskSeconds,
    List<String> inBlocks,
    Cost blocks,
    List<String> refused,
    long storeBytes,
    long oneSideBytes,
    int cores,
    int tasksAtOnce,
    MemoryLimit memory) {
  public RunEstimate {
    inBlocks = List.copyOf(inBlocks);
    refused = List.copyOf(refused);
  }

  /** Adds up what an outlook holds. */
  public static RunEstimate of(Outlook outlook, JobConfig config, int cores, int tasksAtOnce) {
    Cost decomposition = Cost.NONE;
    Cost scan = Cost.NONE;
    int decomposed = 0;
    long scanned = 0;
    long storeBytes = 0;
    long oneSideBytes = 0;
    SpectrumPart oneSide = config.settings().part();
    for (Map.Entry<String, Workload> entry : outlook.inTasks().entrySet()) {
      BaseMatrix matrix = outlook.matrices().get(entry.getKey());
      if (!outlook.stored().contains(entry.getKey())) {
        decomposition = decomposition.then(CostModel.decomposition(matrix));
        decomposed++;
      }
      scan = scan.then(outlook.model().scan(matrix, entry.getValue()));
      scanned += entry.getValue().checkpoints();
      storeBytes += CostModel.storedBytes(matrix, config.keptSpectra());
      oneSideBytes += CostModel.storedBytes(matrix, oneSide);
    }
    Cost blocks = Cost.NONE;
    List<String> inBlocks = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    for (Map.Entry<String, Workload> entry : outlook.large().entrySet()) {
      BaseMatrix matrix = outlook.matrices().get(entry.getKey());
      if (outlook.goesInBlocks(matrix, config.settings().solver())) {
        blocks =
            blocks.then(
                outlook.model().blockwise(matrix, entry.getValue(), outlook.memory().bytes()));
        inBlocks.add(entry.getKey());
        storeBytes += CostModel.blockwiseStoredBytes(matrix);
        oneSideBytes += CostModel.blockwiseStoredBytes(matrix);
      } else {
        refused.add(entry.getKey());
      }
    }
    Schedule schedule = outlook.schedule(cores);
    return new RunEstimate(
        outlook.inTasks().size() + outlook.large().size(),
        outlook.stored().size(),
        decomposed,
        decomposition,
        scanned,
        scan,
        schedule.tasks(),
        schedule.longestSeconds(),
        inBlocks,
        blocks,
        refused,
        storeBytes,
        oneSideBytes,
        cores,
        tasksAtOnce,
        outlook.memory());
  }

  /** Time of one core for everything. */
  public double coreSeconds() {
    return decomposition.coreSeconds() + scan.coreSeconds() + blocks.coreSeconds();
  }

  /** Time on the cores there are; without Spark's start and the tables. */
  public double wallSeconds() {
    return Math.max(longestTaskSeconds, coreSeconds() / cores);
  }

  /** What is read from storage. */
  public long bytesRead() {
    return decomposition.bytesRead() + scan.bytesRead() + blocks.bytesRead();
  }

  /** What a task needs at most to do all of it. */
  public long nativeBytes() {
    return Math.max(
        Math.max(decomposition.nativeBytes(), scan.nativeBytes()), blocks.nativeBytes());
  }

  /** {@code spark.executor.memoryOverhead} for the tasks an executor runs at once. */
  public long overheadBytes() {
    return nativeBytes() * tasksAtOnce;
  }

  /** Java heap of an executor: what each task reads and writes, and sums of blocks. */
  public long heapBytes() {
    long sums = inBlocks.isEmpty() ? 0 : blocks.nativeBytes(); // as large again on their way
    return (512L << 20) + tasksAtOnce * ((128L << 20) + sums);
  }
}
