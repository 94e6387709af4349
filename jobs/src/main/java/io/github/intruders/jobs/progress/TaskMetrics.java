package io.github.intruders.jobs.progress;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.github.intruders.linalg.OpenBlas;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the tasks of this process have done since its Spark session began. Thread-safe. Counts every
 * attempt: a task that is run twice counts twice.
 */
public final class TaskMetrics {
  private static volatile TaskMetrics current = new TaskMetrics();

  private final Counter analysed = new Counter();
  private final Counter rejected = new Counter();
  private final Counter exact = new Counter();
  private final Counter spectra = new Counter();
  private final LongAdder bytesRead = new LongAdder();
  private final LongAdder requests = new LongAdder();

  private TaskMetrics() {}

  /** Those of the Spark session that is open in this process. */
  public static TaskMetrics current() {
    return current;
  }

  /** Begins to count from zero, in the metrics of this registry. */
  static void register(MetricRegistry registry) {
    TaskMetrics metrics = new TaskMetrics();
    double before = OpenBlas.decompositionSeconds();
    registry.register("task.matrices.analysed", metrics.analysed);
    registry.register("task.matrices.rejected", metrics.rejected);
    registry.register("task.matrices.exact", metrics.exact);
    registry.register("task.spectra.computed", metrics.spectra);
    registry.register("task.read.bytes", (Gauge<Long>) metrics.bytesRead::sum);
    registry.register("task.read.requests", (Gauge<Long>) metrics.requests::sum);
    registry.register(
        "task.decomposition.seconds",
        (Gauge<Double>) () -> OpenBlas.decompositionSeconds() - before);
    current = metrics;
  }

  /**
   * One matrix of one checkpoint is analysed.
   *
   * @param byExactRoute whether a dense decomposition answered
   */
  public void analysed(boolean byExactRoute) {
    analysed.inc();
    if (byExactRoute) {
      exact.inc();
    }
  }

  /** One matrix of one checkpoint is left out. */
  public void rejected() {
    rejected.inc();
  }

  /** One matrix of a base is decomposed by the stage that fills the store. */
  public void spectrumComputed() {
    spectra.inc();
  }

  /** Takes the bytes that storage delivers. */
  public LongAdder bytesRead() {
    return bytesRead;
  }

  /** Takes the ranges that storage delivers. */
  public LongAdder requests() {
    return requests;
  }
}
