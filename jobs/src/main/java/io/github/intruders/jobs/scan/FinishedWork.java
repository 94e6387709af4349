package io.github.intruders.jobs.scan;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.LedgerPart;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.plan.PlannedCheckpoint;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedVectorStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the ledger holds of a plan, by the names of its files.
 *
 * @param whole checkpoints of which all is finished
 * @param others files that may hold something of the others
 */
record FinishedWork(Set<String> whole, List<StoredFile> others) {

  static FinishedWork of(
      Ledger<ScanEntry> ledger, List<PlannedCheckpoint> plans, ScanSettings settings)
      throws IOException {
    List<StoredFile> parts = ledger.partFiles();
    Set<String> names = parts.stream().map(StoredFile::name).collect(Collectors.toSet());
    String key = ScanEntry.settingsKey(settings);
    Set<String> whole = new HashSet<>();
    Set<String> prefixes = new HashSet<>();
    for (PlannedCheckpoint plan : plans) {
      if (plan.matrices() == 0 || names.contains(plan.part())) {
        whole.add(plan.spec().id());
      } else {
        prefixes.add(LedgerPart.prefix(plan.spec().id(), key));
      }
    }
    List<StoredFile> others = new ArrayList<>();
    if (!prefixes.isEmpty()) {
      others.addAll(ledger.taskFiles());
      parts.stream()
          .filter(part -> prefixes.contains(LedgerPart.prefixOf(part.name())))
          .forEach(others::add);
    }
    return new FinishedWork(whole, others);
  }

  /** The tuned vectors of checkpoints in sequences, each under the key of its entry. */
  static TunedVectorStore tunedVectors(Storage storage, String outUri) {
    return new TunedVectorStore(storage, storage.resolve(outUri, Ledger.TUNED_VECTORS));
  }
}
