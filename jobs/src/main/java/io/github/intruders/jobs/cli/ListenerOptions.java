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
    return Listeners.open(named());
  }

  /**
   * Their names and addresses, looked at by opening them once: that is sooner than a session is
   * open.
   *
   * @throws io.github.intruders.input.UserInputException as {@link #open}
   */
  Map<String, String> asked() {
    Map<String, String> asked = named();
    Listeners.open(asked);
    return asked;
  }

  private Map<String, String> named() {
    Map<String, String> asked = new LinkedHashMap<>();
    if (mlflow != null) {
      asked.put("mlflow", mlflow);
    }
    if (openLineage != null) {
      asked.put("openlineage", openLineage);
    }
    return asked;
  }
}
