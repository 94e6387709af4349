package io.github.intruders.jobs.compare;

import io.github.intruders.accumulation.SharedIntruders;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.compare.CompareSettings;
import io.github.intruders.compare.UpdateReader;
import io.github.intruders.compare.UpdateTriplets;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.progress.TaskMetrics;
import io.github.intruders.linalg.Arena;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.MatrixFault;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedVectorStore;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Executor work: reads the updates of one matrix, each tensor once. Of one task. */
final class CellReader {
  private static final Logger LOG = LoggerFactory.getLogger(CellReader.class);

  private final Layout layout;
  private final ScanSettings scanSettings;
  private final JobConfig.OnError onError;
  private final StageCounters counters;
  private final UpdateReader updates;
  private final TunedVectorStore vectors;

  /**
   * A reader of one task.
   *
   * @param scanSettings by which a scan found intruders
   * @param outUri where it kept their vectors
   * @param memory what one update may use while it is read
   */
  CellReader(
      Storage storage,
      Layout layout,
      ScanSettings scanSettings,
      String outUri,
      JobConfig.OnError onError,
      CompareSettings settings,
      StageCounters counters,
      MemoryLimit memory) {
    this.layout = layout;
    this.scanSettings = scanSettings;
    this.onError = onError;
    this.counters = counters;
    this.updates = new UpdateReader(storage, settings.leading(), memory);
    this.vectors = Ledger.tunedVectors(storage, outUri);
  }

  /**
   * Reads a cell. What can't be read is rejected, and the rest is read.
   *
   * @throws UserInputException if something is rejected and the run is to fail then
   */
  ReadCell read(Cell cell, Iterable<Piece> pieces) throws IOException {
    Map<String, Piece.Scanned> scanned = new HashMap<>();
    for (Piece piece : pieces) {
      if (piece instanceof Piece.Scanned entry) {
        scanned.put(entry.key(), entry);
      }
    }
    ReadCell read = ReadCell.of(layout, cell.group());
    boolean done = false;
    try {
      for (Piece piece : pieces) {
        if (piece instanceof Piece.Planned planned) {
          read(planned, scanned, read);
        } else if (piece instanceof Piece.LeftOut leftOut) {
          read.leaveOut(leftOut.member());
        }
      }
      done = true;
      return read;
    } finally {
      if (!done) {
        read.close();
      }
    }
  }

  private void read(Piece.Planned planned, Map<String, Piece.Scanned> scanned, ReadCell into)
      throws IOException {
    try {
      UpdateTriplets update = updates.read(planned.plan());
      into.put(planned.member(), update, intruders(planned.plan(), scanned));
      counters.finished(1);
    } catch (RuntimeException e) {
      Rejection rejection = MatrixFault.rejection(planned.plan(), e);
      if (onError == JobConfig.OnError.FAIL) {
        throw UserInputException.of(rejection.code(), rejection.message());
      }
      into.reject(planned.member(), rejection);
      counters.rejected(1);
      TaskMetrics.current().rejected();
    }
  }

  /** The intruders that a scan of the same inputs found; null where their vectors are not known. */
  private SharedIntruders intruders(MatrixPlan plan, Map<String, Piece.Scanned> scanned)
      throws IOException {
    Piece.Scanned entry = scanned.get(ScanEntry.key(plan, scanSettings));
    if (entry == null) {
      return null;
    }
    if (entry.intruders().isEmpty()) {
      return SharedIntruders.none();
    }
    if (!plan.inSequence()) {
      return null; // a scan keeps no vectors of it
    }
    try (Arena arena = Arena.open()) {
      return SharedIntruders.of(entry.intruders(), vectors.read(entry.key()));
    } catch (UserInputException e) {
      LOG.warn("The intruders of {} are not compared: {}", plan.checkpointId(), e.getMessage());
      return null;
    }
  }
}
