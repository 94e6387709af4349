package io.github.intruders.jobs.scan;

import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.RouteChoice;
import io.github.intruders.cost.Workload;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.cost.Outlook;
import io.github.intruders.jobs.cost.ScanCost;
import io.github.intruders.jobs.cost.Schedule;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.LedgerReading;
import io.github.intruders.jobs.ledger.MatrixTasks;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Scans what the ledger does not hold yet: tasks of one base matrix each, the most expensive first,
 * each serving all or many checkpoints of its matrix.
 */
public final class ScanStage {
  /** The stage, where progress is told. */
  public static final String NAME = "scan";

  private static final Logger LOG = LoggerFactory.getLogger(ScanStage.class);

  private final RunContext run;
  private final MemoryLimit memory;

  public ScanStage(RunContext run) {
    this.run = run;
    this.memory =
        TaskMemory.of(run.spark().sparkContext().conf(), run.context().defaultParallelism());
  }

  /**
   * What is to be done with one matrix of the base.
   *
   * @param costs core-seconds by decompositions, for telling the time left
   * @param bounds the same by bounds
   */
  private record Pending(Workload work, long count, double costs, double bounds)
      implements Serializable {
    private static Pending of(MatrixPlan plan, ScanSettings settings) {
      return new Pending(
          new CostModel(settings).workload(plan),
          1,
          ScanCost.of(plan, settings),
          ScanCost.byBounds(plan, settings));
    }

    private Pending plus(Pending other) {
      return new Pending(
          work.plus(other.work), count + other.count, costs + other.costs, bounds + other.bounds);
    }
  }

  /**
   * Runs the stage.
   *
   * @param decompose puts the base matrices of these names into the spectra store; called where
   *     several tasks share one, so that none decomposes what another one does
   */
  public void run(RunPlan plan, Consumer<Set<String>> decompose) throws IOException {
    run.context().setJobDescription("scan: looking for finished work");
    ledger().forgetRejects(); // of a pass before this one
    JavaPairRDD<String, MatrixPlan> pending = null;
    Map<String, Pending> toDo = Map.of();
    FinishedWork finished = finished(plan);
    while (finished.whole().size() < plan.summary().size()) {
      LedgerReading reading = reading();
      pending = pending(plan.checkpoints(), finished, reading).cache();
      toDo = byMatrix(pending.values());
      if (reading.settle()) {
        break;
      }
      pending.unpersist();
      finished = finished(plan);
    }
    try {
      scan(plan, pending, toDo, decompose);
    } finally {
      if (pending != null) {
        pending.unpersist();
      }
    }
  }

  private void scan(
      RunPlan plan,
      JavaPairRDD<String, MatrixPlan> pending,
      Map<String, Pending> toDo,
      Consumer<Set<String>> decompose)
      throws IOException {
    JobConfig config = run.config();
    BasePlan base = plan.base();
    long count = toDo.values().stream().mapToLong(Pending::count).sum();
    if (count == 0) {
      run.progress().begin(NAME, "matrices", 0);
      LOG.info("scan: 0 matrices to analyse, {} were finished before", plan.matrices());
      return;
    }
    Map<String, Workload> work = new HashMap<>();
    toDo.forEach((name, of) -> work.put(name, of.work()));
    Outlook outlook =
        Outlook.of(
            base,
            work,
            new SpectraStore(run.storage().open(), config.spectraUri()),
            config,
            memory);
    Set<String> large = new TreeSet<>(outlook.large().keySet()); // goes to the executors
    Schedule schedule = outlook.schedule(run.context().defaultParallelism());
    LargestFirst partitioner = new LargestFirst(schedule);
    Set<String> shared = outlook.taking(RouteChoice.Route.DECOMPOSE);
    shared.retainAll(schedule.spread());
    if (!shared.isEmpty()) {
      decompose.accept(shared);
    }
    Set<String> byBounds = outlook.taking(RouteChoice.Route.KRYLOV); // goes to the executors too
    double costs = 0;
    for (Map.Entry<String, Pending> entry : toDo.entrySet()) {
      Pending of = entry.getValue();
      boolean bounds =
          byBounds.contains(entry.getKey())
              || (large.contains(entry.getKey())
                  && outlook.largeRoute(entry.getKey(), config.settings().solver())
                      == Outlook.LargeRoute.SPREAD);
      costs += bounds ? of.bounds() : of.costs();
    }
    StageCounters counters = run.progress().begin(NAME, "matrices", count, costs);
    LOG.info(
        "scan: {} matrices to analyse, {} were finished before", count, plan.matrices() - count);
    run.progress()
        .describe(
            "%d matrices of the base, %d to analyse".formatted(base.matrices().size(), count));
    if (partitioner.numPartitions() > 0) {
      pending
          .filter(entry -> !large.contains(entry._2().base().name()))
          .mapToPair(
              entry ->
                  new Tuple2<>(
                      partitioner.key(entry._2().base().name(), entry._2().checkpointId()),
                      entry._2()))
          .groupByKey(partitioner)
          .foreachPartition(
              new MatrixTasks<>(
                  run.storage(),
                  plan.broadcastBase(),
                  new ScanMatrices(config, byBounds, run.runId(), counters, memory)));
    }
    LargeMatrices blockwise =
        new LargeMatrices(
            run.context(), run.storage(), config, run.runId(), outlook, run.progress(), counters);
    for (String name : large) {
      BaseMatrix matrix = base.matrices().get(name);
      blockwise.scan(
          matrix,
          base.identity(matrix),
          pending.values().filter(one -> one.base().name().equals(name)).collect());
    }
  }

  /** How many matrices of each checkpoint the ledger does not hold yet. */
  public Map<String, Long> toDoByCheckpoint(RunPlan plan) throws IOException {
    return pending(plan.checkpoints(), finished(plan), reading())
        .values()
        .map(MatrixPlan::checkpointId)
        .countByValue();
  }

  /** Tells what tasks of this run left out. */
  public void addRejects(RunRejects rejects) throws IOException {
    List<String> files = ledger().rejectFiles();
    if (!files.isEmpty()) {
      JavaRDD<Rejection> rejections = LedgerReading.rejections(run.context(), run.storage(), files);
      rejects.add(rejections, rejections.map(Rejection::checkpointId).countByValue());
    }
  }

  private FinishedWork finished(RunPlan plan) throws IOException {
    return FinishedWork.of(ledger(), plan.summary(), run.config().settings());
  }

  private Ledger<ScanEntry> ledger() {
    return Ledger.ofScan(run.storage().open(), run.config().outUri(), run.runId());
  }

  private LedgerReading reading() {
    return new LedgerReading(run.context(), run.storage(), run.config().outUri());
  }

  private JavaPairRDD<String, MatrixPlan> pending(
      JavaRDD<CheckpointPlan> checkpoints, FinishedWork finished, LedgerReading reading) {
    ScanSettings settings = run.config().settings();
    Set<String> whole = Set.copyOf(finished.whole());
    JavaPairRDD<String, MatrixPlan> planned =
        checkpoints
            .filter(plan -> !whole.contains(plan.spec().id()))
            .flatMap(plan -> plan.matrices().iterator())
            .mapToPair(plan -> new Tuple2<>(ScanEntry.key(plan, settings), plan));
    if (finished.others().isEmpty()) {
      return planned;
    }
    return planned.subtractByKey(
        reading.lines(finished.others()).mapToPair(line -> new Tuple2<>(line.key(), true)));
  }

  private Map<String, Pending> byMatrix(JavaRDD<MatrixPlan> pending) {
    ScanSettings settings = run.config().settings();
    return pending
        .mapToPair(plan -> new Tuple2<>(plan.base().name(), Pending.of(plan, settings)))
        .reduceByKey(Pending::plus)
        .collectAsMap();
  }
}
