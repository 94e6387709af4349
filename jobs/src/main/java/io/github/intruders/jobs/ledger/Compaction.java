package io.github.intruders.jobs.ledger;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedVectorStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
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
   * @param lines the entries of the run, those of a checkpoint in one partition, one after the
   *     other
   * @param entriesKeys what the entries of each checkpoint are, see {@link LedgerPart#entriesKey}
   */
  public void run(JavaRDD<LedgerLine> lines, Map<String, String> entriesKeys) throws IOException {
    Ledger.Files files = Ledger.ofScan(storage.open(), outUri, runId).files();
    Set<String> there = files.parts().stream().map(StoredFile::name).collect(Collectors.toSet());
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
      lines.foreachPartition(new WriteParts(storage, outUri, runId, missing));
    }
    List<Superseded> superseded = new ArrayList<>();
    for (String part : there) {
      String now = current.get(LedgerPart.prefixOf(part));
      if (now != null && !now.equals(part)) {
        superseded.add(new Superseded(part, now));
      }
    }
    if (!superseded.isEmpty()) {
      context
          .parallelize(superseded, LedgerReading.tasks(superseded.size()))
          .foreach(new DropPart(storage, outUri));
    }
    deleteHeld(lines, files.tasks());
  }

  /**
   * A part that another one has replaced.
   *
   * @param name the old part's
   * @param by the new one's
   */
  private record Superseded(String name, String by) implements Serializable {}

  /** Deletes the files of tasks of which every entry is in a part. */
  private void deleteHeld(JavaRDD<LedgerLine> lines, List<StoredFile> taskFiles)
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
                .subtractByKey(
                    lines.mapToPair(line -> new Tuple2<>(line.key(), true)),
                    lines.getNumPartitions())
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
  private static final class WriteParts implements VoidFunction<Iterator<LedgerLine>> {
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
    public void call(Iterator<LedgerLine> lines) throws IOException {
      Ledger<ScanEntry> ledger = Ledger.ofScan(storage.open(), outUri, runId);
      LedgerLine[] next = {next(lines)};
      while (next[0] != null) {
        String checkpointId = next[0].checkpointId();
        if (!names.containsKey(checkpointId)) {
          next[0] = next(lines);
          continue;
        }
        ledger.writePart(
            names.get(checkpointId),
            sink -> {
              while (next[0] != null && next[0].checkpointId().equals(checkpointId)) {
                sink.write(next[0]);
                next[0] = next(lines);
              }
            });
      }
    }

    private static LedgerLine next(Iterator<LedgerLine> lines) {
      return lines.hasNext() ? lines.next() : null;
    }
  }

  /** Executor work: a part that another one has replaced, with the vectors that only it knows. */
  private static final class DropPart implements VoidFunction<Superseded> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final String outUri;

    private DropPart(TaskStorage storage, String outUri) {
      this.storage = storage;
      this.outUri = outUri;
    }

    @Override
    public void call(Superseded part) throws IOException {
      Storage task = storage.open();
      String folder = task.resolve(outUri, Ledger.SCAN_ENTRIES);
      Set<String> stale = keys(task, task.resolve(folder, part.name()));
      stale.removeAll(keys(task, task.resolve(folder, part.by())));
      TunedVectorStore vectors = Ledger.tunedVectors(task, outUri);
      for (String key : stale) {
        vectors.delete(key);
      }
      task.delete(task.resolve(folder, part.name()));
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
