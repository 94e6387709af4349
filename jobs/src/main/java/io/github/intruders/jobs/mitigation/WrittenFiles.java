package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.mitigation.EditStore;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The edits, and which files of the edited models are written, below {@code OUT/_work/mitigation}:
 * a job that was killed goes on where it stopped.
 */
final class WrittenFiles {
  private final Storage storage;
  private final String root;
  private final String written;

  /**
   * @param outUri the run's output folder
   */
  WrittenFiles(Storage storage, String outUri) {
    this.storage = storage;
    this.root = storage.resolve(outUri, "_work/mitigation");
    this.written = storage.resolve(root, "written");
  }

  /** The edits, each under its key. */
  EditStore edits() {
    return new EditStore(storage, storage.resolve(root, "edits"));
  }

  /** Whether any file of an edited model was written under this key. */
  boolean has(String modelKey) throws IOException {
    return storage.exists(storage.resolve(written, modelKey));
  }

  /** Whether a file of an edited model was written under this key. */
  boolean has(String modelKey, String file) throws IOException {
    return storage.exists(note(modelKey, file));
  }

  /** Notes that a file of an edited model is written. */
  void add(String modelKey, String file) throws IOException {
    storage.write(note(modelKey, file), out -> out.write(file.getBytes(StandardCharsets.UTF_8)));
  }

  /** Forgets what was written under this key. */
  void forget(String modelKey) throws IOException {
    storage.delete(storage.resolve(written, modelKey));
  }

  private String note(String modelKey, String file) {
    return storage.resolve(storage.resolve(written, modelKey), Fingerprint.of(file));
  }

  /**
   * Names all that an edited model depends on.
   *
   * @param sources the files it is made from, with what tells whether they have changed
   */
  static String modelKey(
      String sources,
      Variant variant,
      List<MatrixPlan> plans,
      ScanSettings scan,
      MitigationSettings settings) {
    StringBuilder text =
        new StringBuilder(sources).append('\n').append(variant.name()).append('\n');
    plans.stream()
        .map(plan -> MitigationEntry.key(plan, scan, settings))
        .sorted()
        .forEach(key -> text.append(key).append('\n'));
    return Fingerprint.of(text.toString());
  }
}
