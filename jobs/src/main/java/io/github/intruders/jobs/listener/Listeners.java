package io.github.intruders.jobs.listener;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that are to be told of a run. None of them can fail the run or hold it up for long: what goes
 * wrong is a warning, and a call that takes too long is given up.
 */
public final class Listeners {
  /** Nobody is told anything. */
  public static final Listeners NONE = new Listeners(List.of());

  private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);
  private static final Duration START = Duration.ofSeconds(30);

  /** An event, or some requests for each of a few hundred checkpoints. */
  private static final Duration END = Duration.ofMinutes(5);

  private final List<RunListener> listeners;
  private final Duration start;
  private final Duration end;

  private Listeners(List<RunListener> listeners) {
    this(listeners, START, END);
  }

  /**
   * @param start how long the beginning of a run may wait for one of them
   * @param end how long its end may
   */
  Listeners(List<RunListener> listeners, Duration start, Duration end) {
    this.listeners = new ArrayList<>(listeners);
    this.start = start;
    this.end = end;
  }

  /**
   * Finds them on the class path and opens them.
   *
   * @param asked name → address, which is empty to go by the listener's own settings
   * @throws UserInputException if one is not there, or its settings can't be used
   */
  public static Listeners open(Map<String, String> asked) {
    List<RunListener> found = new ArrayList<>();
    asked.forEach(
        (name, address) -> {
          RunListener listener = find(name);
          listener.open(address.isEmpty() ? null : address);
          found.add(listener);
        });
    return found.isEmpty() ? NONE : new Listeners(found);
  }

  private static RunListener find(String name) {
    String fault = "";
    Iterator<RunListener> all = ServiceLoader.load(RunListener.class).iterator();
    try {
      while (all.hasNext()) {
        RunListener listener = all.next();
        if (listener.name().equals(name)) {
          return listener;
        }
      }
    } catch (ServiceConfigurationError | LinkageError e) {
      fault = " (one that is there can't be used: %s)".formatted(e.getMessage());
    }
    throw UserInputException.of(
        RejectCode.SETTING_INVALID,
        "Cannot use --%s: intruders-decisions.jar is not on the class path%s; build it with the job (jobs/decisions/target), or hand it to spark-submit by --jars"
            .formatted(name, fault));
  }

  /** Whether nobody is to be told anything. */
  public boolean isEmpty() {
    return listeners.isEmpty();
  }

  /**
   * Tells of a run that has begun.
   *
   * @throws UserInputException if it asks for what can't be
   */
  public void started(RunStart run) {
    tell(start, listener -> listener.started(run), true);
  }

  /** Tells of its end. */
  public void completed(RunStart run, RunResult result) {
    tell(end, listener -> listener.completed(run, result), false);
  }

  /** Tells of its failure. */
  public void failed(RunStart run, String why) {
    tell(start, listener -> listener.failed(run, why), false);
  }

  @FunctionalInterface
  private interface Call {
    void on(RunListener listener) throws IOException;
  }

  /** A listener that does not answer in time is not told anything any more. */
  private void tell(Duration most, Call call, boolean mayRefuse) {
    for (RunListener listener : List.copyOf(listeners)) {
      FutureTask<Void> task =
          new FutureTask<>(
              () -> {
                call.on(listener);
                return null;
              });
      Thread thread = new Thread(task, "listener-" + listener.name());
      thread.setDaemon(true);
      thread.start();
      try {
        task.get(most.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        task.cancel(true);
        listeners.remove(listener);
        warn(listener, "no answer in %d seconds".formatted(most.toSeconds()));
      } catch (ExecutionException e) {
        if (mayRefuse && e.getCause() instanceof UserInputException refusal) {
          throw refusal;
        }
        LOG.debug("{} failed", listener.name(), e.getCause());
        warn(listener, words(e.getCause()));
      } catch (InterruptedException e) {
        task.cancel(true);
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static void warn(RunListener listener, String why) {
    LOG.warn("Telling {} of this run failed, which changes nothing else: {}", listener.name(), why);
  }

  /** The outermost message that is more than the name and message of its cause. */
  static String words(Throwable failure) {
    Throwable said = failure;
    while (said.getCause() != null
        && (said.getMessage() == null || said.getMessage().equals(said.getCause().toString()))) {
      said = said.getCause();
    }
    return OneLine.of(said.getMessage() == null ? said.toString() : said.getMessage());
  }
}
