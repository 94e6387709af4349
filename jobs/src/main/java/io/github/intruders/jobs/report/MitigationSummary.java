package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;

/**
 * A mitigation in short.
 *
 * @param runId names the run; every row of the table carries it
 * @param baseId the base's id
 * @param models one per checkpoint and variant, in the manifest's order
 * @param rejected how many inputs were left out
 * @param rejections the first of them, in words
 * @param elapsedSeconds wall time of the whole run
 */
public record MitigationSummary(
    String runId,
    String baseId,
    List<Model> models,
    long rejected,
    List<String> rejections,
    double elapsedSeconds) {
  public MitigationSummary {
    models = List.copyOf(models);
    rejections = List.copyOf(rejections);
  }

  /**
   * One edited model.
   *
   * @param lambda factor of the intruders; null where the edit has none
   * @param matrices how many were looked at
   * @param matricesTouched how many an edit changes
   * @param intrudersBefore over all matrices
   * @param intrudersAfter the same of the edited model, as it is stored
   * @param updateNormBefore ‖ΔW‖_F over all matrices
   * @param updateNormAfter the same of the edited model
   * @param maxReconstructionError the largest of the matrices' errors
   * @param maxReconstructionMatrix the matrix it lies in
   * @param uri where the model is; null if it could not be written
   * @param chain how many adapters it stands for; 1 where it is no chain
   */
  public record Model(
      String checkpointId,
      String variant,
      Double lambda,
      int matrices,
      int matricesTouched,
      int intrudersBefore,
      int intrudersAfter,
      double updateNormBefore,
      double updateNormAfter,
      double maxReconstructionError,
      String maxReconstructionMatrix,
      String uri,
      int chain) {}

  /** On one line. */
  public String toJson() {
    try {
      return JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .build()
          .writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A summary can always be written as JSON", e);
    }
  }
}
