package io.github.intruders.jobs.progress;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells how far a stage is that this process does alone, without Spark: in the words of {@link
 * JobProgress}, as pieces are finished. Thread-safe.
 */
public final class DriverProgress implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DriverProgress.class);
  private static final double REDRAW_SECONDS = 0.5;

  private final String runId;
  private final String stage;
  private final String unit;
  private final long total;
  private final TerminalLine terminal = new TerminalLine();
  private final long start = System.nanoTime();
  private final LogPace pace = new LogPace();
  private long done;
  private double drawnAt;

  private DriverProgress(String runId, String stage, String unit, long total) {
    this.runId = runId;
    this.stage = stage;
    this.unit = unit;
    this.total = total;
  }

  /**
   * Begins the only stage of a run.
   *
   * @param unit what it counts, in the plural
   * @param total how many there are
   */
  public static DriverProgress begin(String runId, String stage, String unit, long total) {
    LogContext.ofProcess(runId);
    DriverProgress progress = new DriverProgress(runId, stage, unit, total);
    progress.mark();
    return progress;
  }

  /** Marks what this thread logs from now on. */
  public void mark() {
    LogContext.ofThread(runId, stage);
  }

  /** Counts one finished piece. */
  public synchronized void finished() {
    done++;
    double seconds = seconds();
    if (terminal.isOn() ? seconds - drawnAt < REDRAW_SECONDS : !pace.isDue(seconds)) {
      return;
    }
    drawnAt = seconds;
    double share = done / (double) total;
    String line =
        new ProgressReading(stage, 1, 1, unit, done, total, share, 0, seconds, seconds, 0, true)
            .line();
    if (terminal.isOn()) {
      terminal.draw(line);
    } else {
      LOG.info("{}", line);
    }
  }

  private double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public synchronized void close() {
    terminal.erase();
    LOG.info("{}: {} of {} {} in {}", stage, done, total, unit, ProgressReading.clock(seconds()));
    LogContext.endThread();
  }
}
