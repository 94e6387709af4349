package io.github.intruders.forgetting;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.JsonFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TextFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads metrics files: CSV with the columns {@code checkpoint}, {@code metric} and {@code value};
 * JSON, as a list of objects with these keys or as an object checkpoint → metric → value; and
 * result files of lm-evaluation-harness. An entry that can't be used is rejected with its line or
 * key, and the rest is read.
 */
public final class MetricsReader {
  private static final int MAX_BYTES = 100_000_000;

  /** Levels of folders that are looked into; a link may lead back to where it lies. */
  private static final int MAX_DEPTH = 12;

  /**
   * Hidden files, and folders in which tools keep what is not finished or their own. Two
   * underscores are a slash of lm-evaluation-harness, so that ./runs/a gives the folder .__runs__a.
   */
  private static final Pattern NO_DATA =
      Pattern.compile(
          "\\.(?!\\.?__).*|_temporary|_delta_log|_spark_metadata|__MACOSX|__pycache__",
          Pattern.DOTALL);

  private final Storage storage;
  private final CheckpointNames names;

  public MetricsReader(Storage storage, CheckpointNames names) {
    this.storage = storage;
    this.names = names;
  }

  /**
   * The metrics files that a URI stands for: itself, or every {@code .csv} and {@code .json} below
   * a folder. What is hidden is left out, but for the folders that lm-evaluation-harness makes of
   * the relative path of a model; so are the folders of tools.
   *
   * @throws UserInputException if there is none
   */
  public static MetricsFiles files(Storage storage, String uri) throws IOException {
    if (!storage.exists(uri)) {
      throw UserInputException.inFile(RejectCode.NOT_FOUND, uri, "There are no such metrics");
    }
    if (!storage.isDirectory(uri)) {
      return new MetricsFiles(List.of(uri), List.of());
    }
    List<String> files = new ArrayList<>();
    List<String> skipped = new ArrayList<>();
    addFiles(storage, uri, MAX_DEPTH, files, skipped);
    MetricsFiles found = new MetricsFiles(files, skipped);
    if (files.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.EMPTY_FOLDER,
          uri,
          "Expected metrics files (.csv, .json), found none"
              + found.note().map(note -> "; " + note).orElse(""));
    }
    return found;
  }

  private static void addFiles(
      Storage storage, String folder, int depth, List<String> files, List<String> skipped)
      throws IOException {
    for (StoredFile file : storage.list(folder)) {
      boolean named = file.directory() || file.name().matches("(?i).*\\.(csv|json)");
      if (!named) {
        continue;
      }
      if (NO_DATA.matcher(file.name()).matches() || (file.directory() && depth == 0)) {
        skipped.add(file.uri());
      } else if (file.directory()) {
        addFiles(storage, file.uri(), depth - 1, files, skipped);
      } else {
        files.add(file.uri());
      }
    }
  }

  /**
   * Reads one file.
   *
   * @throws UserInputException if nothing of it can be used
   */
  public MetricsReading read(String uri) throws IOException {
    MetricEntries entries = new MetricEntries(names, uri);
    try {
      if (uri.matches("(?i).*\\.csv")) {
        MetricsCsv.read(TextFile.read(storage, uri, MAX_BYTES, RejectCode.METRIC_INVALID), entries);
      } else if (uri.matches("(?i).*\\.json")) {
        readJson(JsonFile.read(storage, uri, RejectCode.METRIC_INVALID), entries);
      } else {
        throw entries.fault("Expected a metrics file whose name ends with .csv or .json");
      }
    } catch (FileNotFoundException e) {
      throw UserInputException.inFile(RejectCode.NOT_FOUND, uri, "There is no such metrics file");
    }
    MetricsReading reading = entries.reading();
    if (reading.values().isEmpty() && reading.rejections().isEmpty()) {
      throw entries.fault("The file holds no metric");
    }
    return reading;
  }

  private static void readJson(JsonNode root, MetricEntries entries) {
    if (LmEvalResults.isOne(root)) {
      LmEvalResults.read(root, entries);
    } else if (root.isArray()) {
      for (int i = 0; i < root.size(); i++) {
        readItem(root.get(i), "item %d".formatted(i), entries);
      }
    } else if (root.isObject()) {
      root.properties()
          .forEach(checkpoint -> readMap(checkpoint.getKey(), checkpoint.getValue(), entries));
    } else {
      throw entries.fault(
          root.isMissingNode()
              ? "The file is empty"
              : "Expected a JSON list or object at the root, found " + describe(root));
    }
  }

  private static void readItem(JsonNode item, String place, MetricEntries entries) {
    JsonNode checkpoint = item.path("checkpoint");
    JsonNode metric = item.path("metric");
    if (!checkpoint.isTextual() || !metric.isTextual()) {
      entries.reject(
          checkpoint.isTextual() ? checkpoint.asText() : null,
          place,
          "expected an object with checkpoint, metric and value, found " + describe(item));
      return;
    }
    entries.add(checkpoint.asText(), metric.asText(), item.path("value"), null, place);
  }

  private static void readMap(String checkpoint, JsonNode metrics, MetricEntries entries) {
    if (!metrics.isObject()) {
      entries.reject(
          checkpoint,
          "key '%s'".formatted(checkpoint),
          "expected an object metric → value, found " + describe(metrics));
      return;
    }
    metrics
        .properties()
        .forEach(
            metric ->
                entries.add(
                    checkpoint,
                    metric.getKey(),
                    metric.getValue(),
                    null,
                    "key '%s'.'%s'".formatted(checkpoint, metric.getKey())));
  }

  static String describe(JsonNode node) {
    String text = node.isMissingNode() ? "nothing" : node.toString();
    return text.length() > 80 ? text.substring(0, 80) + " …" : text;
  }
}
