package io.github.intruders.discovery;

import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import com.univocity.parsers.csv.CsvWriter;
import com.univocity.parsers.csv.CsvWriterSettings;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The evaluations of trainers as a metrics file: the columns checkpoint, metric and value. A metric
 * is one where the base was evaluated too, which {@code eval_on_start} does. Runs in which the base
 * has the same value are evaluated on the same data and share the metric's name; in others the
 * run's name stands in front of it.
 */
final class TrainerMetrics {
  private static final double SAME = 1e-6;
  private static final List<String> HEADER = List.of("checkpoint", "metric", "value");

  private final String baseId;
  private final Map<String, Map<String, String>> values = new LinkedHashMap<>();
  private final Set<String> withoutBase = new TreeSet<>();

  /**
   * @param earlier the file as it was; null if there was none
   */
  TrainerMetrics(String baseId, String earlier) {
    this.baseId = baseId;
    if (earlier != null) {
      CsvParserSettings settings = new CsvParserSettings();
      settings.setLineSeparatorDetectionEnabled(true);
      for (String[] row : new CsvParser(settings).parseAll(new StringReader(earlier))) {
        if (row.length == HEADER.size() && !HEADER.equals(Arrays.asList(row))) {
          values
              .computeIfAbsent(row[1], metric -> new LinkedHashMap<>())
              .putIfAbsent(row[0], row[2]);
        }
      }
    }
  }

  /**
   * Adds what one run tells.
   *
   * @param run its id
   * @param ids the checkpoints of the run by their steps
   */
  void add(String run, TrainerHistory history, Map<Integer, String> ids) {
    Map<String, Double> base = history.bySteps().getOrDefault(0, Map.of());
    ids.forEach(
        (step, id) ->
            history
                .bySteps()
                .getOrDefault(step, Map.of())
                .forEach(
                    (metric, value) -> {
                      if (base.containsKey(metric)) {
                        put(nameOf(run, metric, base.get(metric)), id, value);
                      } else {
                        withoutBase.add(metric);
                      }
                    }));
  }

  private String nameOf(String run, String metric, double base) {
    String known = values.getOrDefault(metric, Map.of()).get(baseId);
    if (known == null || isSame(known, base)) {
      put(metric, baseId, base);
      return metric;
    }
    String ofRun = run + "/" + metric;
    put(ofRun, baseId, base);
    return ofRun;
  }

  private static boolean isSame(String known, double base) {
    try {
      return Math.abs(Double.parseDouble(known) - base) <= SAME * Math.abs(base);
    } catch (NumberFormatException e) {
      return false; // a person wrote it
    }
  }

  private void put(String metric, String id, double value) {
    values
        .computeIfAbsent(metric, key -> new LinkedHashMap<>())
        .putIfAbsent(id, String.valueOf(value));
  }

  /** The metrics that are left out since no base has them. */
  Set<String> withoutBase() {
    return withoutBase;
  }

  /** Whether a file is one of these, with its columns in their order. */
  static boolean isOne(String text) {
    return text.startsWith(String.join(",", HEADER) + "\n");
  }

  /** Whether there is nothing to write. */
  boolean isEmpty() {
    return values.isEmpty();
  }

  /** The file. */
  String text() {
    StringWriter text = new StringWriter();
    CsvWriterSettings settings = new CsvWriterSettings();
    settings.getFormat().setLineSeparator("\n");
    CsvWriter writer = new CsvWriter(text, settings);
    writer.writeRow(HEADER);
    values.forEach(
        (metric, byId) -> byId.forEach((id, value) -> writer.writeRow(id, metric, value)));
    writer.close();
    return text.toString();
  }
}
