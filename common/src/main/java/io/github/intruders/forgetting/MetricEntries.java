package io.github.intruders.forgetting;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Takes the entries of one metrics file, and sorts out what can't be used. */
final class MetricEntries {
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d+)?");

  private final CheckpointNames names;
  private final String file;
  private final List<MetricValue> values = new ArrayList<>();
  private final List<Rejection> rejections = new ArrayList<>();

  MetricEntries(CheckpointNames names, String file) {
    this.names = names;
    this.file = file;
  }

  CheckpointNames names() {
    return names;
  }

  String file() {
    return file;
  }

  /** An entry with its value in JSON. */
  void add(String checkpoint, String metric, JsonNode value, Boolean higherIsBetter, String place) {
    if (value.isNumber()) {
      addNumber(checkpoint, metric, value.doubleValue(), higherIsBetter, place);
    } else {
      reject(
          checkpoint,
          place,
          "metric %s: expected a number, found %s"
              .formatted(metric, MetricsReader.describe(value)));
    }
  }

  /** An entry with its value as text. */
  void add(String checkpoint, String metric, String value, String place) {
    if (NUMBER.matcher(value).matches()) {
      addNumber(checkpoint, metric, Double.parseDouble(value), null, place);
    } else {
      reject(
          checkpoint,
          place,
          "metric %s: expected a finite number, found '%s'".formatted(metric, value));
    }
  }

  private void addNumber(
      String checkpoint, String metric, double value, Boolean higherIsBetter, String place) {
    String id = names.idOf(checkpoint);
    if (metric.isBlank()) {
      reject(checkpoint, place, "the metric has no name");
    } else if (!Double.isFinite(value)) {
      reject(
          checkpoint,
          place,
          "metric %s: expected a finite number, found %s".formatted(metric, value));
    } else if (id == null) {
      reject(
          checkpoint,
          place,
          "'%s' is no checkpoint of the manifest, nor the base '%s'"
              .formatted(checkpoint, names.baseId()));
    } else {
      values.add(new MetricValue(id, metric, value, higherIsBetter, file, place));
    }
  }

  /**
   * Leaves an entry out.
   *
   * @param checkpoint as the file names it, or null if it does not
   */
  void reject(String checkpoint, String place, String problem) {
    String id = checkpoint == null || checkpoint.isBlank() ? null : names.idOf(checkpoint);
    rejections.add(
        new Rejection(
            id != null ? id : names.baseId(),
            null,
            file,
            RejectCode.METRIC_INVALID,
            "[%s] %s: %s".formatted(file, place, problem)));
  }

  /** A fault of the file as a whole. */
  UserInputException fault(String problem) {
    return UserInputException.inFile(RejectCode.METRIC_INVALID, file, problem);
  }

  MetricsReading reading() {
    return new MetricsReading(values, rejections);
  }
}
