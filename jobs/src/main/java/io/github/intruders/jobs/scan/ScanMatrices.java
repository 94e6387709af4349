package io.github.intruders.jobs.scan;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.ScanCost;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.MatrixTasks;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.progress.TaskMetrics;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.MatrixScanner;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.scan.TunedVectorStore;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Executor work: finds the intruders of one base matrix in all its checkpoints. */
final class ScanMatrices implements MatrixTasks.Work<ScanEntry> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(ScanMatrices.class);

  private final ScanSettings settings;
  private final Set<String> byBounds;
  private final String spectraUri;
  private final SpectrumPart keptSpectra;
  private final String outUri;
  private final JobConfig.OnError onError;
  private final String runId;
  private final StageCounters counters;
  private final MemoryLimit memory;

  /**
   * @param byBounds names of the base matrices that are not decomposed
   */
  ScanMatrices(
      JobConfig config,
      Set<String> byBounds,
      String runId,
      StageCounters counters,
      MemoryLimit memory) {
    this.settings = config.settings();
    this.byBounds = byBounds;
    this.spectraUri = config.spectraUri();
    this.keptSpectra = config.keptSpectra();
    this.outUri = config.outUri();
    this.onError = config.onError();
    this.runId = runId;
    this.counters = counters;
    this.memory = memory;
  }

  @Override
  public Ledger<ScanEntry> ledger(Storage storage) {
    return Ledger.ofScan(storage, outUri, runId);
  }

  @Override
  public String key(MatrixPlan plan) {
    return ScanEntry.key(plan, settings);
  }

  @Override
  public MatrixTasks.OnMatrix<ScanEntry> begin(Storage storage) {
    MemoryLimit limit = TaskMemory.inTask(memory);
    TunedVectorStore tunedVectors = Ledger.tunedVectors(storage, outUri);
    SpectraStore store = new SpectraStore(storage, spectraUri, keptSpectra, limit);
    MatrixScanner.VectorKeeper keeper = (plan, vectors) -> tunedVectors.write(key(plan), vectors);
    return (matrix, identity, plans, sink, rejections) -> {
      boolean bounds = byBounds.contains(matrix.name());
      ScanSettings ofMatrix = bounds ? settings.with(SolverChoice.KRYLOV) : settings;
      new MatrixScanner(storage, store, ofMatrix, keeper, limit)
          .scan(matrix, identity, plans, outcome -> take(outcome, bounds, sink, rejections));
    };
  }

  private void take(
      ScanOutcome outcome,
      boolean bounds,
      Ledger.Sink<ScanEntry> sink,
      Consumer<Rejection> rejections)
      throws IOException {
    double cost =
        bounds
            ? ScanCost.byBounds(outcome.plan(), settings)
            : ScanCost.of(outcome.plan(), settings);
    if (outcome instanceof ScanOutcome.Analysed analysed) {
      ScanEntry entry = ScanEntry.of(analysed, settings);
      entry.mergeRejection().ifPresent(this::failIfAsked);
      sink.write(entry);
      counters.finished(cost);
      TaskMetrics.current().analysed(analysed.scan().isExact());
    } else if (outcome instanceof ScanOutcome.Rejected rejected) {
      Rejection rejection = rejected.rejection();
      failIfAsked(rejection);
      rejections.accept(rejection);
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
