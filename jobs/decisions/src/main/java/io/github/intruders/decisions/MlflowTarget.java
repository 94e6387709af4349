package io.github.intruders.decisions;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a checkpoint's tags name.
 *
 * @param runId an MLflow run; null for none
 * @param model a registered model; null for none, and so {@code version}
 */
record MlflowTarget(String runId, String model, String version) {
  /** The tag that names a run. */
  static final String RUN = "mlflow_run_id";

  /** The tag that names a version of a registered model. */
  static final String MODEL = "mlflow_model";

  private static final Pattern RUN_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,255}");
  private static final Pattern VERSION = Pattern.compile("(?:models:/)?(.+)/([0-9]{1,18})");

  /**
   * Reads the tags.
   *
   * @throws io.github.intruders.input.UserInputException if one can't be understood
   */
  static MlflowTarget of(String checkpointId, Map<String, String> tags) {
    String runId = tags == null ? null : tags.get(RUN);
    if (runId != null && !RUN_ID.matcher(runId).matches()) {
      throw MlflowListener.refusal(
          "Checkpoint %s: tag %s is '%s', expected the id of an MLflow run"
              .formatted(checkpointId, RUN, runId));
    }
    String model = tags == null ? null : tags.get(MODEL);
    if (model == null) {
      return new MlflowTarget(runId, null, null);
    }
    Matcher parts = VERSION.matcher(model);
    if (!parts.matches()) {
      throw MlflowListener.refusal(
          "Checkpoint %s: tag %s is '%s', expected NAME/VERSION with a number as version"
              .formatted(checkpointId, MODEL, model));
    }
    return new MlflowTarget(runId, parts.group(1), parts.group(2));
  }

  /** Whether they name neither. */
  boolean isEmpty() {
    return runId == null && model == null;
  }
}
