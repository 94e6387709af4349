package io.github.intruders.spectra;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Small requests to a storage, many at once, since most of their time is waiting. */
final class Requests {
  private static final int AT_ONCE = 16;

  private Requests() {}

  /** The answers in the requests' order; the first failure goes on. */
  static <T> List<T> all(List<Callable<T>> requests) throws IOException {
    if (requests.isEmpty()) {
      return List.of();
    }
    ExecutorService workers = Executors.newFixedThreadPool(Math.min(AT_ONCE, requests.size()));
    try {
      List<T> answers = new ArrayList<>();
      for (Future<T> future : workers.invokeAll(requests)) {
        answers.add(future.get());
      }
      return answers;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    } finally {
      workers.shutdownNow();
    }
  }
}
