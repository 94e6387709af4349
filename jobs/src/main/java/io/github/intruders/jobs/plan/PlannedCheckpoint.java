package io.github.intruders.jobs.plan;

import io.github.intruders.jobs.ledger.LedgerPart;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.AdapterCoverage;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;

/**
 * One checkpoint's plan in numbers: what the driver keeps of it.
 *
 * @param spec the checkpoint
 * @param matrices how many will be analysed
 * @param rejected how many inputs will not
 * @param coverage what each of its adapters names and what of it is in the base
 * @param notes what its owner should know of how it was understood
 * @param updateBytes bytes of the tensors that are read besides the base's
 * @param part name of the ledger's part that holds all of it when it is finished
 */
public record PlannedCheckpoint(
    CheckpointSpec spec,
    int matrices,
    int rejected,
    List<AdapterCoverage> coverage,
    List<String> notes,
    long updateBytes,
    String part)
    implements Serializable {
  /** How many inputs of a plan do not fit, those of the base too. */
  public static long rejected(BasePlan base, List<PlannedCheckpoint> summary) {
    return base.rejections().size() + summary.stream().mapToLong(PlannedCheckpoint::rejected).sum();
  }

  /** What its owner should look at before trusting the numbers, without the word "warning". */
  List<String> warnings() {
    return notes.stream()
        .filter(note -> note.startsWith(CheckpointPlan.WARNING))
        .map(note -> note.substring(CheckpointPlan.WARNING.length()))
        .toList();
  }

  static PlannedCheckpoint of(CheckpointPlan plan, ScanSettings settings) {
    long bytes = plan.matrices().stream().mapToLong(MatrixPlan::updateBytes).sum();
    return new PlannedCheckpoint(
        plan.spec(),
        plan.matrices().size(),
        plan.rejections().size(),
        plan.coverage(),
        plan.notes(),
        bytes,
        LedgerPart.name(
            plan.spec().id(),
            ScanEntry.settingsKey(settings),
            LedgerPart.entriesKey(
                plan.matrices().stream()
                    .sorted(Comparator.comparing(matrix -> matrix.base().name()))
                    .map(matrix -> ScanEntry.key(matrix, settings))
                    .toList())));
  }
}
