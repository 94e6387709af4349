package io.github.intruders.forgetting;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import com.univocity.parsers.csv.UnescapedQuoteHandling;
import java.io.StringReader;
import java.util.Arrays;
import java.util.List;

/**
 * Metrics as comma-separated values (RFC 4180). The first line names the columns, in any order;
 * columns of other names are not read.
 */
final class MetricsCsv {
  private static final List<String> COLUMNS = List.of("checkpoint", "metric", "value");

  private MetricsCsv() {}

  static void read(String text, MetricEntries entries) {
    CsvParser parser = new CsvParser(settings());
    try {
      parser.beginParsing(new StringReader(text));
      String[] header = parser.parseNext();
      if (header == null) {
        throw entries.fault("The file is empty");
      }
      int[] places = places(header, entries);
      for (String[] cells = parser.parseNext(); cells != null; cells = parser.parseNext()) {
        readLine(cells, header.length, places, line(parser), entries);
      }
    } catch (TextParsingException e) {
      throw entries.fault(
          "Cannot read as CSV near line %d: a quote inside a value, or a value that is too long"
              .formatted(e.getLineIndex() + 1));
    } finally {
      parser.stopParsing();
    }
  }

  private static CsvParserSettings settings() {
    CsvParserSettings settings = new CsvParserSettings();
    settings.setLineSeparatorDetectionEnabled(true);
    settings.setUnescapedQuoteHandling(UnescapedQuoteHandling.RAISE_ERROR);
    settings.setNullValue("");
    settings.setEmptyValue("");
    settings.getFormat().setComment('\0');
    return settings;
  }

  private static long line(CsvParser parser) {
    return parser.getContext().currentLine();
  }

  private static int[] places(String[] header, MetricEntries entries) {
    List<String> found = Arrays.asList(header);
    for (String column : COLUMNS) {
      if (found.indexOf(column) < 0 || found.indexOf(column) != found.lastIndexOf(column)) {
        throw entries.fault(
            "line 1: expected the columns checkpoint, metric and value, each once, found "
                + String.join(",", header));
      }
    }
    return COLUMNS.stream().mapToInt(found::indexOf).toArray();
  }

  private static void readLine(
      String[] cells, int expected, int[] places, long line, MetricEntries entries) {
    String place = "line %d".formatted(line);
    if (cells.length != expected) {
      entries.reject(
          cells.length > places[0] ? cells[places[0]] : null,
          place,
          "expected %d values, found %d".formatted(expected, cells.length));
      return;
    }
    entries.add(cells[places[0]], cells[places[1]], cells[places[2]], place);
  }
}
