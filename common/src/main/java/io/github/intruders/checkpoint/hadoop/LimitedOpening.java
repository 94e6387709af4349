package io.github.intruders.checkpoint.hadoop;

import io.github.intruders.checkpoint.RangeSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a file on another thread, so that it can be given up: the operating system offers no way to
 * end an open that is waiting, as for a network that is gone. The thread that waits is lost until
 * then.
 */
final class LimitedOpening {
  /** What the message of an open that took too long says. */
  static final String LATE = "could not be opened within";

  private static final Logger LOG = LoggerFactory.getLogger(LimitedOpening.class);
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "open-file");
            thread.setDaemon(true);
            return thread;
          });

  private LimitedOpening() {}

  /**
   * Opens a file.
   *
   * @throws IOException whatever the opening throws, or that it took too long
   */
  static RangeSource within(Duration limit, String uri, Callable<RangeSource> opening)
      throws IOException {
    CompletableFuture<RangeSource> opened = new CompletableFuture<>();
    Future<?> thread = THREADS.submit(() -> open(opening, opened));
    try {
      return opened.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      giveUp(thread, opened);
      throw new IOException("[%s] The file %s %d s".formatted(uri, LATE, limit.toSeconds()), e);
    } catch (InterruptedException e) {
      giveUp(thread, opened);
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("Interrupted while opening " + uri).initCause(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IOException("[%s] Cannot open: %s".formatted(uri, e.getCause()), e.getCause());
    }
  }

  /** Opens the file, and closes it again if nobody waits for it any more. */
  private static void open(Callable<RangeSource> opening, CompletableFuture<RangeSource> opened) {
    try {
      RangeSource source = opening.call();
      if (!opened.complete(source)) {
        source.close();
      }
    } catch (Throwable e) {
      opened.completeExceptionally(e);
    }
  }

  private static void giveUp(Future<?> thread, CompletableFuture<RangeSource> opened) {
    thread.cancel(true);
    if (!opened.cancel(false) && !opened.isCompletedExceptionally()) {
      // It came at the last moment.
      try {
        opened.join().close();
      } catch (IOException e) {
        LOG.debug("Cannot close a file that was given up", e);
      }
    }
  }
}
