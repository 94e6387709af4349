package io.github.intruders.jobs.scan;

import java.io.PrintStream;
import java.time.Duration;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells on standard error how far the scan is: one line that is redrawn on a terminal, a log line
 * now and then otherwise.
 */
final class ScanProgress implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ScanProgress.class);
  private static final Duration REDRAW = Duration.ofMillis(500);
  private static final Duration LOG_EVERY = Duration.ofSeconds(30);

  private final ScanCounters counters;
  private final long total;
  private final boolean terminal;
  private final PrintStream err = System.err;
  private final long start = System.nanoTime();
  private final Thread thread;

  private ScanProgress(ScanCounters counters, long total, boolean terminal) {
    this.counters = counters;
    this.total = total;
    this.terminal = terminal;
    this.thread = new Thread(this::repeat, "scan-progress");
    thread.setDaemon(true);
  }

  /**
   * Starts telling.
   *
   * @param total matrices to analyse
   * @param reused matrices that the ledger holds already
   */
  static ScanProgress start(JavaSparkContext spark, long total, long reused) {
    boolean terminal = "true".equals(System.getenv("INTRUDERS_TERMINAL"));
    ScanProgress progress = new ScanProgress(ScanCounters.of(spark), total, terminal);
    LOG.info("Scanning {} matrices; {} more were finished before", total, reused);
    progress.thread.start();
    return progress;
  }

  ScanCounters counters() {
    return counters;
  }

  private void repeat() {
    try {
      while (true) {
        Thread.sleep((terminal ? REDRAW : LOG_EVERY).toMillis());
        if (terminal) {
          err.print("\r" + line() + "\u001b[K");
          err.flush();
        } else {
          LOG.info("{}", line());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String line() {
    long done = Math.min(total, counters.done());
    double elapsed = (System.nanoTime() - start) / 1e9;
    String left = done == 0 ? "unknown" : clock((long) (elapsed / done * (total - done)));
    return "Scan: %d of %d matrices, %d rejected, %s elapsed, %s left"
        .formatted(done, total, counters.rejected().value(), clock((long) elapsed), left);
  }

  private static String clock(long seconds) {
    return seconds >= 3600
        ? "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60)
        : "%d:%02d".formatted(seconds / 60, seconds % 60);
  }

  @Override
  public void close() {
    thread.interrupt();
    if (terminal) {
      err.print("\r\u001b[K");
      err.flush();
    }
    LOG.info("{}", line());
  }
}
