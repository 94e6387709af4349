package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.listener.Listeners;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** Who is told of a run. Each needs the jar intruders-decisions on the class path. */
final class ListenerOptions {
  @Option(
      names = "--mlflow",
      paramLabel = "URI",
      arity = "0..1",
      fallbackValue = "",
      description =
          "Log figures, verdict and report to the MLflow runs and model versions that the tags"
              + " mlflow_run_id and mlflow_model of checkpoints name; without URI, to the server of"
              + " MLFLOW_TRACKING_URI.")
  private String mlflow;

  @Option(
      names = "--openlineage",
      paramLabel = "URI",
      arity = "0..1",
      fallbackValue = "",
      description =
          "Send OpenLineage events; without URI, as OPENLINEAGE_URL or openlineage.yml say.")
  private String openLineage;

  /**
   * Finds and opens them.
   *
   * @throws io.github.intruders.input.UserInputException if the jar is not there, or settings can't
   *     be used
   */
  Listeners open() {
    Map<String, String> asked = new LinkedHashMap<>();
    if (mlflow != null) {
      asked.put("mlflow", mlflow);
    }
    if (openLineage != null) {
      asked.put("openlineage", openLineage);
    }
    return Listeners.open(asked);
  }
}
