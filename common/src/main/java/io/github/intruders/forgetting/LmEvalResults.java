package io.github.intruders.forgetting;

import com.fasterxml.jackson.databind.JsonNode;
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
final class LmEvalResults {
  /** What stands among a task's metrics and is none. */
  private static final Set<String> NO_METRIC =
      Set.of("alias", "name", "sample_len", "sample_count");

  private LmEvalResults() {}

  /** Whether a JSON file is one of these. */
  static boolean isOne(JsonNode root) {
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
    String model = model(root);
    TreeSet<String> byFile = entries.names().idsOfFile(entries.file());
    TreeSet<String> byModel = model == null ? new TreeSet<>() : entries.names().idsOfPath(model);
    TreeSet<String> candidates = new TreeSet<>(byFile);
    candidates.addAll(byModel);
    if (byFile.size() == 1 && byModel.size() > 1 && byModel.containsAll(byFile)) {
      candidates = byFile;
    }
    if (byModel.size() == 1 && byFile.size() > 1 && byFile.containsAll(byModel)) {
      candidates = byModel;
    }
    if (candidates.size() > 1) {
      throw entries.fault(
          "The results can be of any of %s: the file's name says %s, the model's path '%s' says %s"
              .formatted(candidates, byFile, model, byModel));
    }
    if (candidates.isEmpty()) {
      throw entries.fault(
          "The results are of no checkpoint of the manifest: neither the file's or its folder's"
              + " name nor the model's path '%s' ends with an id or a URI of one".formatted(model));
    }
    return candidates.first();
  }

  /** The path of the model that was evaluated, or null if the file does not say it. */
  private static String model(JsonNode root) {
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
