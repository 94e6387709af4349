package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** One row as comma-separated values (RFC 4180); a map or list is its JSON. */
final class CsvLine {
  private CsvLine() {}

  static String of(List<String> columns, JsonNode row) {
    List<String> cells = new ArrayList<>();
    for (String column : columns) {
      JsonNode value = row.path(column);
      String text =
          value.isMissingNode() || value.isNull()
              ? ""
              : value.isContainerNode() ? value.toString() : value.asText();
      boolean quoted = text.matches("(?s).*[\",\r\n].*");
      cells.add(quoted ? '"' + text.replace("\"", "\"\"") + '"' : text);
    }
    return String.join(",", cells);
  }
}
