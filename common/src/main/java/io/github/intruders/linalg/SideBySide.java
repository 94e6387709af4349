package io.github.intruders.linalg;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Runs independent pieces of work side by side. None of them runs any more when a call returns or
 * throws, also when the caller is interrupted: what they work on may then be freed.
 */
public final class SideBySide {
  /** Small requests spend most of their time waiting. */
  private static final int REQUESTS_AT_ONCE = 16;

  private SideBySide() {}

  /**
   * Solves small problems. Their products gain nothing from threads of their own; so one problem
   * takes one BLAS thread, and as many problems run at once as one BLAS call may use threads.
   *
   * @return the results in the problems' order
   * @throws IOException if a problem throws one, after all have run; or if the caller is
   *     interrupted, after those have ended that were running
   */
  public static <T> List<T> call(List<Callable<T>> problems) throws IOException {
    if (problems.size() <= 1) {
      return run(1, problems);
    }
    try (OpenBlas.OneThreadEach blas = OpenBlas.oneThreadEach()) {
      return run(blas.problemsAtOnce(), problems);
    }
  }

  /** Sends small requests to a storage, many at once; else as {@link #call}. */
  public static <T> List<T> request(List<Callable<T>> requests) throws IOException {
    return run(REQUESTS_AT_ONCE, requests);
  }

  private static <T> List<T> run(int atOnce, List<Callable<T>> work) throws IOException {
    List<T> results = new ArrayList<>();
    int threads = Math.min(atOnce, work.size());
    if (threads <= 1) {
      for (Callable<T> piece : work) {
        results.add(callHere(piece));
      }
      return results;
    }
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      for (Future<T> future : workers.invokeAll(work)) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      end(workers);
    }
  }

  /** Interrupts what is still running and waits for its end, which native code does not hurry. */
  private static void end(ExecutorService workers) {
    workers.shutdownNow();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = workers.awaitTermination(1, TimeUnit.DAYS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static <T> T callHere(Callable<T> piece) throws IOException {
    try {
      return piece.call();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (Exception e) {
      throw failure(e);
    }
  }

  private static IOException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new IOException("Interrupted", cause);
  }

  private static IOException failure(Throwable cause) {
    if (cause instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof IOException io ? io : new IOException(cause);
  }
}
