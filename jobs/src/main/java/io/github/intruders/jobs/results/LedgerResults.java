package io.github.intruders.jobs.results;

import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.LedgerLine;
import io.github.intruders.jobs.ledger.LedgerPart;
import io.github.intruders.jobs.ledger.LedgerReading;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.plan.PlannedCheckpoint;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/** Brings together what the ledger holds of a plan. */
public final class LedgerResults {
  private LedgerResults() {}

  /**
   * Reads exactly the plan's entries.
   *
   * @return empty if a file of the ledger turned out to be damaged or gone: then the scan has to
   *     look again at what is finished
   */
  public static Optional<Results> read(RunContext run, RunPlan plan) throws IOException {
    LedgerReading reading = new LedgerReading(run.context(), run.storage(), run.config().outUri());
    List<String> ids =
        plan.summary().stream()
            .filter(planned -> planned.matrices() > 0)
            .map(planned -> planned.spec().id())
            .toList();
    List<StoredFile> files = files(run, plan);
    long entries = plan.summary().stream().mapToLong(PlannedCheckpoint::matrices).sum();
    ByCheckpoint partitioner =
        ByCheckpoint.ofEntries(ids, entries, run.context().defaultParallelism());
    ScanSettings settings = run.config().settings();
    JavaPairRDD<MatrixKey, Piece> planned =
        plan.checkpoints()
            .flatMap(checkpoint -> checkpoint.matrices().iterator())
            .mapToPair(
                matrix ->
                    new Tuple2<>(
                        new MatrixKey(matrix.checkpointId(), matrix.base().name(), 0),
                        new Piece(ScanEntry.key(matrix, settings), null)));
    JavaPairRDD<MatrixKey, Piece> finished =
        reading
            .lines(files)
            .filter(line -> partitioner.knows(line.checkpointId()))
            .mapToPair(
                line ->
                    new Tuple2<>(
                        new MatrixKey(line.checkpointId(), line.matrix(), 1),
                        new Piece(line.key(), line.json())));
    JavaRDD<LedgerLine> lines =
        planned
            .union(finished)
            .repartitionAndSortWithinPartitions(partitioner)
            .mapPartitions(new TakePlanned())
            .persist(StorageLevel.MEMORY_AND_DISK_SER());
    StageCounters counters = run.progress().begin(ResultsStage.NAME, "checkpoints", ids.size());
    run.progress().describe("bringing the results together");
    Results results = Results.of(lines, partitioner, counters);
    boolean read = reading.settle();
    boolean whole = holdsWhatItSays(plan, results, reading, files, settings);
    if (read && whole) {
      return Optional.of(results);
    }
    results.close();
    return Optional.empty();
  }

  /** A part that was cut at the end of a line shows nowhere but in what it lacks. */
  private static boolean holdsWhatItSays(
      RunPlan plan,
      Results results,
      LedgerReading reading,
      List<StoredFile> files,
      ScanSettings settings)
      throws IOException {
    Map<String, StoredFile> parts = new HashMap<>();
    files.forEach(file -> parts.put(file.name(), file));
    boolean whole = true;
    String settingsKey = ScanEntry.settingsKey(settings);
    for (PlannedCheckpoint planned : plan.summary()) {
      StoredFile part = parts.get(planned.part());
      CheckpointFigures found = results.figures().get(planned.spec().id());
      String entriesKey = found == null ? LedgerPart.entriesKey(List.of()) : found.entriesKey();
      String name = LedgerPart.name(planned.spec().id(), settingsKey, entriesKey);
      if (planned.matrices() > 0 && part != null && !part.name().equals(name)) {
        reading.setAside(part.uri(), "[%s] It lacks entries".formatted(part.uri()));
        whole = false;
      }
    }
    return whole;
  }

  /** The parts of the plan's checkpoints, and what tasks have written since. */
  private static List<StoredFile> files(RunContext run, RunPlan plan) throws IOException {
    Ledger<ScanEntry> ledger =
        Ledger.ofScan(run.storage().open(), run.config().outUri(), run.runId());
    String settings = ScanEntry.settingsKey(run.config().settings());
    Set<String> prefixes = new HashSet<>();
    for (PlannedCheckpoint planned : plan.summary()) {
      prefixes.add(LedgerPart.prefix(planned.spec().id(), settings));
    }
    return ledger.files().of(prefixes);
  }

  /**
   * What is known of a matrix.
   *
   * @param key of the piece of work
   * @param json its entry; null where this only says that it is planned
   */
  private record Piece(String key, byte[] json) implements Serializable {}

  /** Executor work: of each matrix the entry under the planned key, once. */
  private static final class TakePlanned
      implements FlatMapFunction<Iterator<Tuple2<MatrixKey, Piece>>, LedgerLine> {
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<LedgerLine> call(Iterator<Tuple2<MatrixKey, Piece>> pieces) {
      return new Selected<Tuple2<MatrixKey, Piece>, LedgerLine>(pieces) {
        private MatrixKey planned;
        private String key;

        @Override
        LedgerLine select(Tuple2<MatrixKey, Piece> piece) {
          if (piece._2().json() == null) {
            planned = piece._1();
            key = piece._2().key();
          } else if (piece._1().isOfSameMatrix(planned) && piece._2().key().equals(key)) {
            MatrixKey found = planned;
            planned = null; // a task that ran twice has left it twice
            return new LedgerLine(key, found.checkpointId(), found.matrix(), piece._2().json());
          }
          return null;
        }
      };
    }
  }
}
