package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.MatrixTasks;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.mitigation.EditStore;
import io.github.intruders.mitigation.MatrixMitigator;
import io.github.intruders.mitigation.MitigationOutcome;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.util.function.Consumer;

/** Executor work: edits one base matrix in all its checkpoints. */
final class MitigateMatrices implements MatrixTasks.Work<MitigationEntry> {
  private static final long serialVersionUID = 1L;

  private final ScanSettings scan;
  private final MitigationSettings settings;
  private final String spectraUri;
  private final SpectrumPart keptSpectra;
  private final String outUri;
  private final String runId;
  private final StageCounters counters;

  MitigateMatrices(
      JobConfig config, MitigationSettings settings, String runId, StageCounters counters) {
    this.scan = config.settings();
    this.settings = settings;
    this.spectraUri = config.spectraUri();
    this.keptSpectra = config.keptSpectra();
    this.outUri = config.outUri();
    this.runId = runId;
    this.counters = counters;
  }

  @Override
  public Ledger<MitigationEntry> ledger(Storage storage) {
    return Ledger.ofMitigation(storage, outUri, runId);
  }

  @Override
  public String key(MatrixPlan plan) {
    return MitigationEntry.key(plan, scan, settings);
  }

  @Override
  public MatrixTasks.OnMatrix<MitigationEntry> begin(Storage storage) {
    EditStore edits = new WrittenFiles(storage, outUri).edits();
    MatrixMitigator mitigator =
        new MatrixMitigator(
            storage,
            new SpectraStore(storage, spectraUri, keptSpectra, MemoryLimit.NONE),
            scan,
            settings);
    return (matrix, identity, plans, sink, rejections) ->
        mitigator.mitigate(
            matrix, identity, plans, outcome -> take(outcome, edits, sink, rejections));
  }

  /** Keeps the edits before the entries that tell of them. */
  private void take(
      MitigationOutcome outcome,
      EditStore edits,
      Ledger.Sink<MitigationEntry> sink,
      Consumer<Rejection> rejections)
      throws IOException {
    if (outcome instanceof MitigationOutcome.Edited edited) {
      String key = key(edited.plan());
      edits.write(key, edited.variants());
      for (MitigationOutcome.EditedVariant variant : edited.variants()) {
        sink.write(MitigationEntry.of(key, edited.plan(), settings, variant));
      }
      counters.finished(1);
    } else if (outcome instanceof MitigationOutcome.Rejected rejected) {
      rejections.accept(rejected.rejection());
      counters.rejected(1);
    }
  }
}
