package io.github.intruders.decisions;

import java.util.Map;
import java.util.Properties;
import java.util.UUID;

/**
 * What OpenLineage's other integrations are told by variables and by Spark's settings, which the
 * driver has as system properties.
 */
record LineageSettings(Map<String, String> environment, Properties properties) {
  private static final String SPARK = "spark.openlineage.";
  private static final String DEFAULT_NAMESPACE = "intruder-dimensions";

  /**
   * A job's run that another job's run is part of.
   *
   * @param namespace of the job
   * @param job its name
   * @param runId of the run
   */
  record Ancestor(String namespace, String job, UUID runId) {}

  /** A variable {@code OPENLINEAGE_NAME}; null where it is not set. */
  String variable(String name) {
    String value = environment.get("OPENLINEAGE_" + name);
    return value == null || value.isBlank() ? null : value;
  }

  /** Whether any variable begins so. */
  boolean hasVariable(String prefix) {
    return environment.keySet().stream().anyMatch(name -> name.startsWith(prefix));
  }

  /** A setting of Spark; null where it is not set. */
  String property(String name) {
    String value = properties.getProperty(name);
    return value == null || value.isBlank() ? null : value;
  }

  /** The namespace of this job. */
  String namespace() {
    String variable = variable("NAMESPACE");
    String property = property(SPARK + "namespace");
    if (variable != null) {
      return variable;
    }
    return property == null ? DEFAULT_NAMESPACE : property;
  }

  /**
   * The run that started this one; null where there is none.
   *
   * @throws io.github.intruders.input.UserInputException if it is named in no way that is known
   */
  Ancestor parent() {
    return ancestor("PARENT_ID", "parent");
  }

  /** The outermost run that this one is part of; null where there is none. */
  Ancestor root() {
    return ancestor("ROOT_PARENT_ID", "rootParent");
  }

  private Ancestor ancestor(String variable, String setting) {
    String runId = property(SPARK + setting + "RunId");
    String job = property(SPARK + setting + "JobName");
    String namespace = property(SPARK + setting + "JobNamespace");
    if (runId != null && job != null && namespace != null) {
      return new Ancestor(namespace, job, uuid(SPARK + setting + "RunId", runId, runId));
    }
    String id = variable(variable);
    if (id == null) {
      return null;
    }
    int run = id.lastIndexOf('/');
    int name = run < 0 ? -1 : id.lastIndexOf('/', run - 1);
    if (name < 1) {
      throw expected(variable, id);
    }
    return new Ancestor(
        id.substring(0, name),
        id.substring(name + 1, run),
        uuid("OPENLINEAGE_" + variable, id, id.substring(run + 1)));
  }

  private static UUID uuid(String setting, String whole, String text) {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      throw OpenLineageListener.refusal(
          "%s is '%s': '%s' is no UUID of a run".formatted(setting, whole, text));
    }
  }

  private static RuntimeException expected(String variable, String id) {
    return OpenLineageListener.refusal(
        "OPENLINEAGE_%s is '%s', expected NAMESPACE/JOB/RUN".formatted(variable, id));
  }
}
