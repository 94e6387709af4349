package io.github.intruders.jobs.scan;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.ScanCost;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.progress.TaskMetrics;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.MatrixScanner;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedVectorStore;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import scala.Tuple2;

/** Executor work: one base matrix in all its checkpoints. */
final class ScanMatrices
    implements VoidFunction<Iterator<Tuple2<LargestFirst.Key, Iterable<MatrixPlan>>>> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(ScanMatrices.class);

  private final TaskStorage taskStorage;
  private final Broadcast<BasePlan> base;
  private final ScanSettings settings;
  private final String spectraUri;
  private final SpectrumPart keptSpectra;
  private final String outUri;
  private final JobConfig.OnError onError;
  private final String runId;
  private final StageCounters counters;
  private final MemoryLimit memory;

  ScanMatrices(
      TaskStorage taskStorage,
      Broadcast<BasePlan> base,
      JobConfig config,
      String runId,
      StageCounters counters,
      MemoryLimit memory) {
    this.memory = memory;
    this.taskStorage = taskStorage;
    this.base = base;
    this.settings = config.settings();
    this.spectraUri = config.spectraUri();
    this.keptSpectra = config.keptSpectra();
    this.outUri = config.outUri();
    this.onError = config.onError();
    this.runId = runId;
    this.counters = counters;
  }

  @Override
  public void call(Iterator<Tuple2<LargestFirst.Key, Iterable<MatrixPlan>>> matrices)
      throws IOException {
    TaskThreads.apply();
    MemoryLimit limit = TaskMemory.inTask(memory);
    Storage storage = taskStorage.open();
    Ledger<ScanEntry> ledger = Ledger.ofScan(storage, outUri, runId);
    TunedVectorStore tunedVectors = FinishedWork.tunedVectors(storage, outUri);
    MatrixScanner scanner =
        new MatrixScanner(
            storage,
            new SpectraStore(storage, spectraUri, keptSpectra, limit),
            settings,
            (plan, vectors) -> tunedVectors.write(ScanEntry.key(plan, settings), vectors),
            limit);
    while (matrices.hasNext()) {
      List<MatrixPlan> plans = new ArrayList<>();
      matrices.next()._2().forEach(plans::add);
      plans.sort(Comparator.comparing(MatrixPlan::checkpointId));
      scan(scanner, ledger, plans);
    }
  }

  private void scan(MatrixScanner scanner, Ledger<ScanEntry> ledger, List<MatrixPlan> plans)
      throws IOException {
    BaseMatrix matrix = plans.get(0).base();
    String identity = base.value().identity(matrix);
    List<String> keys = plans.stream().map(plan -> ScanEntry.key(plan, settings)).toList();
    List<Rejection> rejections = new ArrayList<>();
    try (MDC.MDCCloseable context = LogContext.ofMatrix(matrix.name())) {
      ledger.writeEntries(
          keys,
          sink ->
              scanner.scan(matrix, identity, plans, outcome -> take(outcome, sink, rejections)));
    }
    if (!rejections.isEmpty()) {
      ledger.writeRejects(keys, rejections);
    }
  }

  private void take(ScanOutcome outcome, Ledger.Sink<ScanEntry> sink, List<Rejection> rejections)
      throws IOException {
    double cost = ScanCost.of(outcome.plan(), settings);
    if (outcome instanceof ScanOutcome.Analysed analysed) {
      sink.write(ScanEntry.of(analysed, settings));
      counters.finished(cost);
      TaskMetrics.current().analysed(analysed.scan().isExact());
    } else if (outcome instanceof ScanOutcome.Rejected rejected) {
      Rejection rejection = rejected.rejection();
      failIfAsked(rejection);
      rejections.add(rejection);
      counters.rejected(cost);
      TaskMetrics.current().rejected();
      try (MDC.MDCCloseable context = LogContext.ofCheckpoint(rejection.checkpointId())) {
        LOG.debug("Left out: {}", rejection.message());
      }
    }
  }

  private void failIfAsked(Rejection rejection) {
    if (onError == JobConfig.OnError.FAIL) {
      throw UserInputException.of(rejection.code(), rejection.message());
    }
  }
}
