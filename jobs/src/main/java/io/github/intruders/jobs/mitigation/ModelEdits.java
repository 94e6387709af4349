package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.mitigation.EditStore;
import io.github.intruders.mitigation.Edits;
import io.github.intruders.mitigation.MatrixEdit;
import io.github.intruders.mitigation.MatrixMitigator;
import io.github.intruders.mitigation.MitigationOutcome;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the tasks that write models get edits from; one that is gone or damaged is made again. */
record ModelEdits(
    String outUri,
    Broadcast<BasePlan> base,
    ScanSettings scan,
    MitigationSettings settings,
    String spectraUri,
    SpectrumPart keptSpectra)
    implements Serializable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelEdits.class);

  ModelEdits(JobConfig config, MitigationSettings settings, Broadcast<BasePlan> base) {
    this(
        config.outUri(),
        base,
        config.settings(),
        settings,
        config.spectraUri(),
        config.keptSpectra());
  }

  /** The edits of one variant. */
  Edits of(Storage storage, Variant variant) {
    EditStore edits = new WrittenFiles(storage, outUri).edits();
    return plan -> read(storage, edits, plan, variant);
  }

  private MatrixEdit read(Storage storage, EditStore edits, MatrixPlan plan, Variant variant)
      throws IOException {
    String key = MitigationEntry.key(plan, scan, settings);
    try {
      return edits.read(key, variant);
    } catch (UserInputException e) {
      LOG.warn("The edit of {} is made again: {}", plan.base().name(), e.getMessage());
    }
    new MatrixMitigator(
            storage,
            new SpectraStore(storage, spectraUri, keptSpectra, MemoryLimit.NONE),
            scan,
            settings)
        .mitigate(
            plan.base(),
            base.value().identity(plan.base()),
            List.of(plan),
            outcome -> {
              if (outcome instanceof MitigationOutcome.Edited edited) {
                edits.write(key, edited.variants());
              } else if (outcome instanceof MitigationOutcome.Rejected rejected) {
                throw UserInputException.of(
                    RejectCode.NOT_WRITTEN,
                    "An edit was damaged and can't be made again: "
                        + rejected.rejection().message());
              }
            });
    return edits.read(key, variant);
  }
}
