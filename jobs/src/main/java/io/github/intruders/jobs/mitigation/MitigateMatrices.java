package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.mitigation.EditStore;
import io.github.intruders.mitigation.MatrixMitigator;
import io.github.intruders.mitigation.MitigationOutcome;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.MDC;
import scala.Tuple2;

/** Executor work: one base matrix in all its checkpoints. */
final class MitigateMatrices
    implements VoidFunction<Iterator<Tuple2<String, Iterable<MatrixPlan>>>> {
  private static final long serialVersionUID = 1L;

  private final TaskStorage taskStorage;
  private final Broadcast<BasePlan> base;
  private final ScanSettings scan;
  private final MitigationSettings settings;
  private final String spectraUri;
  private final SpectrumPart keptSpectra;
  private final String outUri;
  private final String runId;
  private final StageCounters counters;

  MitigateMatrices(
      TaskStorage taskStorage,
      Broadcast<BasePlan> base,
      JobConfig config,
      MitigationSettings settings,
      String runId,
      StageCounters counters) {
    this.taskStorage = taskStorage;
    this.base = base;
    this.scan = config.settings();
    this.settings = settings;
    this.spectraUri = config.spectraUri();
    this.keptSpectra = config.keptSpectra();
    this.outUri = config.outUri();
    this.runId = runId;
    this.counters = counters;
  }

  @Override
  public void call(Iterator<Tuple2<String, Iterable<MatrixPlan>>> matrices) throws IOException {
    TaskThreads.apply();
    Storage storage = taskStorage.open();
    Ledger<MitigationEntry> ledger = Ledger.ofMitigation(storage, outUri, runId);
    EditStore edits = new WrittenFiles(storage, outUri).edits();
    MatrixMitigator mitigator =
        new MatrixMitigator(
            storage,
            new SpectraStore(storage, spectraUri, keptSpectra, MemoryLimit.NONE),
            scan,
            settings);
    while (matrices.hasNext()) {
      List<MatrixPlan> plans = new ArrayList<>();
      matrices.next()._2().forEach(plans::add);
      plans.sort(Comparator.comparing(MatrixPlan::checkpointId));
      try (MDC.MDCCloseable context = LogContext.ofMatrix(plans.get(0).base().name())) {
        mitigate(mitigator, ledger, edits, plans);
      }
    }
  }

  private void mitigate(
      MatrixMitigator mitigator,
      Ledger<MitigationEntry> ledger,
      EditStore edits,
      List<MatrixPlan> plans)
      throws IOException {
    BaseMatrix matrix = plans.get(0).base();
    String identity = base.value().identity(matrix);
    List<Rejection> rejections = new ArrayList<>();
    ledger.writeEntries(
        plans.stream().map(plan -> MitigationEntry.key(plan, scan, settings)).toList(),
        sink ->
            mitigator.mitigate(
                matrix,
                identity,
                plans,
                outcome -> {
                  if (outcome instanceof MitigationOutcome.Edited edited) {
                    take(edited, edits, sink);
                    counters.finished(1);
                  } else if (outcome instanceof MitigationOutcome.Rejected rejected) {
                    rejections.add(rejected.rejection());
                    counters.rejected(1);
                  }
                }));
    if (!rejections.isEmpty()) {
      ledger.writeRejects(List.of(matrix.name()), rejections);
    }
  }

  /** Keeps the edits before the entries that tell of them. */
  private void take(
      MitigationOutcome.Edited edited, EditStore edits, Ledger.Sink<MitigationEntry> sink)
      throws IOException {
    String key = MitigationEntry.key(edited.plan(), scan, settings);
    edits.write(key, edited.variants());
    for (MitigationOutcome.EditedVariant variant : edited.variants()) {
      sink.write(MitigationEntry.of(key, edited.plan(), settings, variant));
    }
  }
}
