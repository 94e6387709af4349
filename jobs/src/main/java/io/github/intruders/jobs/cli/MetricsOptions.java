package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.DriverStorage;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** Measured metrics, and which way they point. */
final class MetricsOptions {
  @Option(
      names = "--metrics",
      paramLabel = "URI",
      split = ",",
      description =
          "Metrics files or folders, in place of the manifest's: CSV (checkpoint,metric,value), JSON,"
              + " or results of lm-evaluation-harness.")
  private List<String> metrics;

  @Option(
      names = "--lower-is-better",
      paramLabel = "METRIC",
      split = ",",
      description = "Metrics that fall as a model gets better, where the name does not tell.")
  private Set<String> lowerIsBetter = Set.of();

  @Option(
      names = "--higher-is-better",
      paramLabel = "METRIC",
      split = ",",
      description = "Metrics that rise as a model gets better, where the name does not tell.")
  private Set<String> higherIsBetter = Set.of();

  MetricDirections directions() {
    return new MetricDirections(lowerIsBetter, higherIsBetter);
  }

  /** The run with the metrics these options name. */
  JobConfig applyTo(JobConfig config) {
    if (metrics == null) {
      return config;
    }
    Storage storage = DriverStorage.open();
    return config.withManifest(
        config.manifest().withMetrics(metrics.stream().map(storage::qualify).toList()));
  }
}
