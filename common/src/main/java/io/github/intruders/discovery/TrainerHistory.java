package io.github.intruders.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.JsonFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.forgetting.MetricDirections;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The evaluations that a {@code trainer_state.json} of transformers tells: entries of its {@code
 * log_history} with keys {@code eval_…}. Step 0, which {@code eval_on_start} makes, is the model
 * before training.
 *
 * @param uri of the file
 * @param bySteps step → metric → value; only finite values of metrics whose names tell which way is
 *     better
 * @param untold metrics whose names don't
 * @param fault why the file can't be used; null if it can
 */
public record TrainerHistory(
    String uri, Map<Integer, Map<String, Double>> bySteps, Set<String> untold, String fault)
    implements Serializable {
  private static final String PREFIX = "eval_";

  /** What says how fast it went. */
  private static final Pattern NO_METRIC =
      Pattern.compile("eval_(.*_)?(runtime|num_tokens|model_preparation_time)|eval_.*_per_second");

  /**
   * Reads one file.
   *
   * @throws IOException if the storage fails
   */
  public static TrainerHistory read(Storage storage, String uri) throws IOException {
    Map<Integer, Map<String, Double>> bySteps = new TreeMap<>();
    Set<String> untold = new TreeSet<>();
    try {
      for (JsonNode entry :
          JsonFile.readObject(storage, uri, RejectCode.METRIC_INVALID).path("log_history")) {
        JsonNode step = entry.path("step");
        if (!step.isIntegralNumber() || !step.canConvertToInt()) {
          continue;
        }
        for (Map.Entry<String, JsonNode> field : entry.properties()) {
          String metric = field.getKey();
          boolean isMetric = metric.startsWith(PREFIX) && !NO_METRIC.matcher(metric).matches();
          double value = field.getValue().isNumber() ? field.getValue().doubleValue() : Double.NaN;
          if (isMetric && Double.isFinite(value)) {
            if (hasDirection(metric)) {
              bySteps.computeIfAbsent(step.intValue(), key -> new TreeMap<>()).put(metric, value);
            } else {
              untold.add(metric);
            }
          }
        }
      }
      return new TrainerHistory(uri, bySteps, untold, null);
    } catch (UserInputException e) {
      return new TrainerHistory(uri, Map.of(), Set.of(), e.getMessage());
    } catch (FileNotFoundException e) {
      return new TrainerHistory(uri, Map.of(), Set.of(), "it went away while it was read");
    }
  }

  private static boolean hasDirection(String metric) {
    try {
      MetricDirections.byName().isLowerBetter(metric, null);
      return true;
    } catch (UserInputException e) {
      return false;
    }
  }
}
