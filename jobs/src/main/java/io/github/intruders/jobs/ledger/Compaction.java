package io.github.intruders.jobs.ledger;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedVectorStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.VoidFunction;
import scala.Tuple2;

/**
 * Makes the ledger of the scan small: one part for each checkpoint in place of a file for each task
 * of each night. A part is written as a whole before anything that it replaces is deleted, so that
 * a run which is killed here leaves entries twice, at worst; and a run beside this one that finds a
 * file gone reads anew.
 */
public final class Compaction {
  private final JavaSparkContext context;
  private final TaskStorage storage;
  private final String outUri;
  private final String runId;
  private final String settingsKey;

  public Compaction(
      JavaSparkContext context,
      TaskStorage storage,
      String outUri,
      String runId,
      ScanSettings settings) {
    this.context = context;
    this.storage = storage;
    this.outUri = outUri;
    this.runId = runId;
    this.settingsKey = ScanEntry.settingsKey(settings);
  }

  /**
   * Compacts what a run has found.
   *
   * @param entries of the run, those of a checkpoint in one partition, one after the other
   * @param entriesKeys what the entries of each checkpoint are, see {@link LedgerPart#entriesKey}
   */
  public void run(JavaRDD<ScanEntry> entries, Map<String, String> entriesKeys) throws IOException {
    Ledger<ScanEntry> ledger = Ledger.ofScan(storage.open(), outUri, runId);
    List<StoredFile> parts = ledger.partFiles();
    Set<String> there = parts.stream().map(StoredFile::name).collect(Collectors.toSet());
    Map<String, String> missing = new HashMap<>();
    Map<String, String> current = new HashMap<>(); // prefix → name
    entriesKeys.forEach(
        (id, entriesKey) -> {
          String name = LedgerPart.name(id, settingsKey, entriesKey);
          current.put(LedgerPart.prefixOf(name), name);
          if (!there.contains(name)) {
            missing.put(id, name);
          }
        });
    if (!missing.isEmpty()) {
      entries.foreachPartition(new WriteParts(storage, outUri, runId, missing));
    }
    List<StoredFile> superseded =
        parts.stream()
            .filter(part -> current.containsKey(LedgerPart.prefixOf(part.name())))
            .filter(part -> !current.containsValue(part.name()))
            .toList();
    if (!superseded.isEmpty()) {
      context
          .parallelize(superseded.stream().map(StoredFile::name).toList(), superseded.size())
          .foreach(new DropPart(storage, outUri, current));
    }
    deleteHeld(entries, ledger.taskFiles());
  }

  /** Deletes the files of tasks of which every entry is in a part. */
  private void deleteHeld(JavaRDD<ScanEntry> entries, List<StoredFile> taskFiles)
      throws IOException {
    if (taskFiles.isEmpty()) {
      return;
    }
    LedgerReading reading = new LedgerReading(context, storage, outUri);
    Set<String> kept =
        new HashSet<>(
            reading
                .linesByFile(taskFiles)
                .mapToPair(line -> new Tuple2<>(line._2().key(), line._1()))
                .subtractByKey(entries.mapToPair(entry -> new Tuple2<>(entry.key(), true)))
                .values()
                .distinct()
                .collect());
    if (!reading.settle()) {
      return; // the next run looks again
    }
    Storage driver = storage.open();
    for (StoredFile file : taskFiles) {
      if (!kept.contains(file.uri())) {
        driver.delete(file.uri());
      }
    }
  }

  /** Executor work: the parts of one checkpoint after the other. */
  private static final class WriteParts implements VoidFunction<Iterator<ScanEntry>> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final String outUri;
    private final String runId;
    private final Map<String, String> names;

    private WriteParts(
        TaskStorage storage, String outUri, String runId, Map<String, String> names) {
      this.storage = storage;
      this.outUri = outUri;
      this.runId = runId;
      this.names = new HashMap<>(names);
    }

    @Override
    public void call(Iterator<ScanEntry> entries) throws IOException {
      Ledger<ScanEntry> ledger = Ledger.ofScan(storage.open(), outUri, runId);
      ScanEntry[] next = {next(entries)};
      while (next[0] != null) {
        String checkpointId = next[0].checkpointId();
        if (!names.containsKey(checkpointId)) {
          next[0] = next(entries);
          continue;
        }
        ledger.writePart(
            names.get(checkpointId),
            sink -> {
              while (next[0] != null && next[0].checkpointId().equals(checkpointId)) {
                sink.write(next[0]);
                next[0] = next(entries);
              }
            });
      }
    }

    private static ScanEntry next(Iterator<ScanEntry> entries) {
      return entries.hasNext() ? entries.next() : null;
    }
  }

  /** Executor work: a part that another one has replaced, with the vectors that only it knows. */
  private static final class DropPart implements VoidFunction<String> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final String outUri;
    private final Map<String, String> current;

    private DropPart(TaskStorage storage, String outUri, Map<String, String> current) {
      this.storage = storage;
      this.outUri = outUri;
      this.current = new HashMap<>(current);
    }

    @Override
    public void call(String name) throws IOException {
      Storage task = storage.open();
      String folder = task.resolve(outUri, Ledger.SCAN_ENTRIES);
      Set<String> stale = keys(task, task.resolve(folder, name));
      stale.removeAll(keys(task, task.resolve(folder, current.get(LedgerPart.prefixOf(name)))));
      TunedVectorStore vectors =
          new TunedVectorStore(task, task.resolve(outUri, Ledger.TUNED_VECTORS));
      for (String key : stale) {
        vectors.delete(key);
      }
      task.delete(task.resolve(folder, name));
    }

    /** None of a file that is gone or damaged. */
    private static Set<String> keys(Storage storage, String uri) throws IOException {
      Set<String> keys = new HashSet<>();
      try (LedgerFile file = LedgerFile.open(storage, uri)) {
        for (Optional<LedgerLine> line = file.next(); line.isPresent(); line = file.next()) {
          keys.add(line.get().key());
        }
      } catch (FileNotFoundException | LedgerFile.DamagedException e) {
        return keys;
      }
      return keys;
    }
  }
}
