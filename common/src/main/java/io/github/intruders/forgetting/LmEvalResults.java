package io.github.intruders.forgetting;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A result file of lm-evaluation-harness: {@code results} has task → metric → value, {@code
 * higher_is_better} task → metric → boolean. A metric {@code acc,none} of the task {@code arc_easy}
 * is named {@code arc_easy/acc}; a filter other than {@code none} stays in the name.
 *
 * <p>The file is of the checkpoint that its own name, or else its folder's, ends with; and of the
 * one that the model's path in {@code config.model_args} names ({@code peft}, or else {@code
 * pretrained}). If these tell of different checkpoints, the file is refused.
 */
public final class LmEvalResults {
  /** What stands among a task's metrics and is none. */
  private static final Set<String> NO_METRIC =
      Set.of("alias", "name", "sample_len", "sample_count");

  private LmEvalResults() {}

  /** Whether a JSON file is one of these. */
  public static boolean isOne(JsonNode root) {
    JsonNode results = root.path("results");
    return results.isObject()
        && (root.has("config")
            || root.has("configs")
            || root.has("higher_is_better")
            || root.has("versions"));
  }

  static void read(JsonNode root, MetricEntries entries) {
    String checkpoint = checkpoint(root, entries);
    root.path("results")
        .properties()
        .forEach(
            task ->
                readTask(
                    checkpoint, task, root.path("higher_is_better").path(task.getKey()), entries));
  }

  private static void readTask(
      String checkpoint,
      Map.Entry<String, JsonNode> task,
      JsonNode higherIsBetter,
      MetricEntries entries) {
    task.getValue()
        .properties()
        .forEach(
            entry -> {
              String key = entry.getKey();
              int comma = key.indexOf(',');
              String metric = comma < 0 ? key : key.substring(0, comma);
              boolean blank = entry.getValue().asText("").isBlank() && entry.getValue().isTextual();
              if (NO_METRIC.contains(key) || metric.endsWith("_stderr") || blank) {
                return;
              }
              JsonNode direction = higherIsBetter.path(metric);
              entries.add(
                  checkpoint,
                  task.getKey() + "/" + (key.endsWith(",none") ? metric : key.replace(',', ':')),
                  entry.getValue(),
                  direction.isBoolean() ? direction.booleanValue() : null,
                  "key 'results'.'%s'.'%s'".formatted(task.getKey(), key));
            });
  }

  private static String checkpoint(JsonNode root, MetricEntries entries) {
    return checkpoint(entries.file(), model(root), entries.names());
  }

  /**
   * The id of the checkpoint that the results in a file are of.
   *
   * @param model the path of the model that was evaluated, or null if the file does not say it
   * @throws UserInputException with code {@code METRIC_INVALID} if it is none, or can be several
   */
  public static String checkpoint(String file, String model, CheckpointNames names) {
    TreeSet<String> byFile = names.idsOfFile(file);
    TreeSet<String> byModel = model == null ? new TreeSet<>() : names.idsOfPath(model);
    TreeSet<String> candidates = new TreeSet<>(byFile);
    candidates.addAll(byModel);
    if (byFile.size() == 1 && byModel.size() > 1 && byModel.containsAll(byFile)) {
      candidates = byFile;
    }
    if (byModel.size() == 1 && byFile.size() > 1 && byFile.containsAll(byModel)) {
      candidates = byModel;
    }
    if (candidates.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.METRIC_INVALID,
          file,
          "The results can be of any of %s: the file's name says %s, the model's path '%s' says %s"
              .formatted(candidates, byFile, model, byModel));
    }
    if (candidates.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.METRIC_INVALID,
          file,
          "The results are of no checkpoint of the manifest: neither the file's or its folder's"
              + " name nor the model's path '%s' ends with an id or a URI of one".formatted(model));
    }
    return candidates.first();
  }

  /** The path of the model that was evaluated, or null if the file does not say it. */
  public static String model(JsonNode root) {
    JsonNode arguments = root.path("config").path("model_args");
    for (String key : new String[] {"peft", "lora_local_path", "pretrained"}) {
      String value =
          arguments.isObject()
              ? arguments.path(key).asText("")
              : Arrays.stream(arguments.asText("").split(",", -1))
                  .map(String::strip)
                  .filter(argument -> argument.startsWith(key + "="))
                  .map(argument -> argument.substring(key.length() + 1))
                  .findFirst()
                  .orElse("");
      if (!value.isBlank()) {
        return value;
      }
    }
    return root.path("model_name").isTextual() ? root.path("model_name").asText() : null;
  }
}
