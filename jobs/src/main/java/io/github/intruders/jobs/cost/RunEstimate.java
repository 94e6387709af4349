package io.github.intruders.jobs.cost;

import io.github.intruders.cost.Cost;
import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.RouteChoice;
import io.github.intruders.cost.Workload;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
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
 * @param scanned how many pieces of work there are, matrices times checkpoints, that go by
 *     decompositions in tasks
 * @param scan what they take
 * @param bounded how many go by bounds
 * @param bounds what they take
 * @param routes which way base matrices go in tasks → how many of them
 * @param scanTasks over how many tasks
 * @param longestTaskSeconds of one core
 * @param spread what of these is for matrices that no task can hold
 * @param inBlocks names of matrices that no task can hold and that go in blocks over all tasks
 * @param blocks what these take
 * @param refused names of matrices that no task can hold and that are left out
 * @param storeBytes what the store takes for the decomposed matrices when the run is done
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
    long bounded,
    Cost bounds,
    Map<RouteUse, Integer> routes,
    int scanTasks,
    double longestTaskSeconds,
    SpreadUse spread,
    List<String> inBlocks,
    Cost blocks,
    List<String> refused,
    long storeBytes,
    long oneSideBytes,
    int cores,
    int tasksAtOnce,
    MemoryLimit memory) {
  /**
   * Matrices that executors hold in rows.
   *
   * @param matrices their names
   * @param heapBytes what all executors together hold, of the largest
   * @param driverBytes native memory of the driver
   */
  public record SpreadUse(List<String> matrices, long heapBytes, long driverBytes) {
    /** None. */
    public static final SpreadUse NONE = new SpreadUse(List.of(), 0, 0);

    public SpreadUse {
      matrices = List.copyOf(matrices);
    }
  }

  public RunEstimate {
    routes = Collections.unmodifiableMap(new LinkedHashMap<>(routes));
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
    Cost bounds = Cost.NONE;
    long bounded = 0;
    Map<RouteUse, Integer> routes = new LinkedHashMap<>();
    for (Map.Entry<String, Workload> entry : outlook.inTasks().entrySet()) {
      BaseMatrix matrix = outlook.matrices().get(entry.getKey());
      Workload work = entry.getValue();
      RouteChoice choice = outlook.choice(entry.getKey());
      routes.merge(RouteUse.of(matrix, work, choice), 1, Integer::sum);
      if (choice.byBounds()) {
        bounds = bounds.then(outlook.scan(matrix, work, choice));
        bounded += work.checkpoints();
        continue;
      }
      if (choice.decomposes()) {
        decomposition = decomposition.then(CostModel.decomposition(matrix));
        decomposed++;
      }
      scan = scan.then(outlook.scan(matrix, work, choice));
      scanned += work.checkpoints();
      storeBytes += CostModel.storedBytes(matrix, config.keptSpectra());
      oneSideBytes += CostModel.storedBytes(matrix, oneSide);
    }
    Cost blocks = Cost.NONE;
    List<String> spread = new ArrayList<>();
    long heapBytes = 0;
    long driverBytes = 0;
    List<String> inBlocks = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    for (Map.Entry<String, Workload> entry : outlook.large().entrySet()) {
      BaseMatrix matrix = outlook.matrices().get(entry.getKey());
      Workload work = entry.getValue();
      switch (outlook.largeRoute(entry.getKey(), config.settings().solver())) {
        case SPREAD -> {
          bounds = bounds.then(outlook.model().spread(matrix, work, outlook.memory().bytes()));
          bounded += work.checkpoints();
          spread.add(entry.getKey());
          heapBytes = Math.max(heapBytes, CostModel.spreadHeapBytes(matrix, work));
          driverBytes =
              Math.max(
                  driverBytes,
                  outlook.model().spreadDriverBytes(matrix, outlook.largeStack(entry.getKey())));
        }
        case BLOCKS -> {
          blocks = blocks.then(outlook.model().blockwise(matrix, work, outlook.memory().bytes()));
          inBlocks.add(entry.getKey());
          storeBytes += CostModel.blockwiseStoredBytes(matrix);
          oneSideBytes += CostModel.blockwiseStoredBytes(matrix);
        }
        case REFUSED -> refused.add(entry.getKey());
      }
    }
    Schedule schedule = outlook.schedule(cores);
    return new RunEstimate(
        outlook.inTasks().size() + outlook.large().size(),
        Collections.frequency(outlook.held().values(), SpectraStore.Held.DECOMPOSITION),
        decomposed,
        decomposition,
        scanned,
        scan,
        bounded,
        bounds,
        routes,
        schedule.tasks(),
        schedule.longestSeconds(),
        new SpreadUse(spread, heapBytes, driverBytes),
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
    return decomposition.coreSeconds()
        + scan.coreSeconds()
        + bounds.coreSeconds()
        + blocks.coreSeconds();
  }

  /** Time on the cores there are; without Spark's start and the tables. */
  public double wallSeconds() {
    return Math.max(longestTaskSeconds, coreSeconds() / cores);
  }

  /** What is read from storage. */
  public long bytesRead() {
    return decomposition.bytesRead() + scan.bytesRead() + bounds.bytesRead() + blocks.bytesRead();
  }

  /** What a task needs at most to do all of it. */
  public long nativeBytes() {
    return Math.max(
        Math.max(decomposition.nativeBytes(), scan.nativeBytes()),
        Math.max(bounds.nativeBytes(), blocks.nativeBytes()));
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
