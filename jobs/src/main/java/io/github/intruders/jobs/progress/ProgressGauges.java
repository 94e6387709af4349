package io.github.intruders.jobs.progress;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The progress of the job that this driver runs, as metrics; 0 between jobs. */
final class ProgressGauges {
  private static volatile JobProgress watched;

  private ProgressGauges() {}

  static void watch(JobProgress progress) {
    watched = progress;
  }

  static void unwatch(JobProgress progress) {
    if (watched == progress) {
      watched = null;
    }
  }

  static void register(MetricRegistry registry) {
    register(registry, "job.stage", ProgressReading::place);
    register(registry, "job.stages", ProgressReading::stages);
    register(registry, "job.stage.done", ProgressReading::done);
    register(registry, "job.stage.total", ProgressReading::total);
    register(registry, "job.stage.share", ProgressReading::share);
    register(registry, "job.rejected", ProgressReading::rejected);
    register(registry, "job.seconds.elapsed", ProgressReading::jobSeconds);
    // NaN tells that it is not known yet.
    register(registry, "job.seconds.left", now -> now.secondsLeft().orElse(Double.NaN));
  }

  private static void register(
      MetricRegistry registry, String name, ToDoubleFunction<ProgressReading> value) {
    registry.register(
        name,
        (Gauge<Double>)
            () -> {
              JobProgress progress = watched;
              Optional<ProgressReading> now =
                  progress == null ? Optional.empty() : progress.reading();
              return now.map(value::applyAsDouble).orElse(0.0);
            });
  }
}
