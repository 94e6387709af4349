package io.github.intruders.jobs.scan;

import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.LedgerPart;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.plan.PlannedCheckpoint;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
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
    Ledger.Files files = ledger.files();
    Set<String> names = files.parts().stream().map(StoredFile::name).collect(Collectors.toSet());
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
    return new FinishedWork(whole, prefixes.isEmpty() ? List.of() : files.of(prefixes));
  }
}
