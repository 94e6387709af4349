package io.github.intruders.linalg;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Runs independent small problems side by side. Products of small matrices gain nothing from
 * threads of their own; so one problem takes one BLAS thread, and as many problems run at once as
 * one BLAS call may use threads.
 */
public final class SideBySide {
  private SideBySide() {}

  /**
   * Calls every problem.
   *
   * @return the results in the problems' order
   * @throws IOException if a problem throws one; others may or may not have run by then
   */
  public static <T> List<T> call(List<Callable<T>> problems) throws IOException {
    int threads = Math.min(OpenBlas.threads(), problems.size());
    if (threads <= 1) {
      List<T> results = new ArrayList<>();
      for (Callable<T> problem : problems) {
        results.add(callHere(problem));
      }
      return results;
    }
    int blasThreads = OpenBlas.threads();
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    OpenBlas.useThreads(1);
    try {
      List<T> results = new ArrayList<>();
      for (Future<T> future : workers.invokeAll(problems)) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    } finally {
      workers.shutdownNow();
      OpenBlas.useThreads(blasThreads);
    }
  }

  private static <T> T callHere(Callable<T> problem) throws IOException {
    try {
      return problem.call();
    } catch (Exception e) {
      throw failure(e);
    }
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
