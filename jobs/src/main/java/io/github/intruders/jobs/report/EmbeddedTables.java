package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tables as the page holds them: {@code {"words": [text, …], "tables": {name: {"columns": [name,
 * …], "texts": [column, …], "rows": [[value, …], …]}}}}. A column's name is there once, and so is
 * each text: in a column of texts a value is its index among the words, which stand in the order in
 * which they were first put.
 */
final class EmbeddedTables {
  /** Writes letters beyond ASCII as escapes: none of them can make a page invalid. */
  static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final Map<String, Integer> words = new LinkedHashMap<>();
  private final ObjectNode tables = NODES.objectNode();

  /** Adds a table. */
  <R> void put(String name, Columns<R> columns, List<R> rows) {
    ObjectNode table = tables.putObject(name);
    ArrayNode names = table.putArray("columns");
    ArrayNode texts = table.putArray("texts");
    for (Columns.Column<R> column : columns.all()) {
      if (column.text() != null) {
        texts.add(names.size());
      }
      names.add(column.name());
    }
    ArrayNode values = table.putArray("rows");
    for (R row : rows) {
      ArrayNode line = values.addArray();
      for (Columns.Column<R> column : columns.all()) {
        line.add(
            column.text() == null ? column.value().apply(row) : word(column.text().apply(row)));
      }
    }
  }

  /** All that was put so far. */
  ObjectNode toJson() {
    ObjectNode json = NODES.objectNode();
    ArrayNode list = json.putArray("words");
    words.keySet().forEach(list::add);
    json.set("tables", tables);
    return json;
  }

  private JsonNode word(String text) {
    return text == null
        ? NODES.nullNode()
        : NODES.numberNode(words.computeIfAbsent(text, unseen -> words.size()));
  }
}
