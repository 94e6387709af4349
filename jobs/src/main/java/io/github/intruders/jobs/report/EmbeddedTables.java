package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * Tables as the page holds them: {@code {"words": [text, …], "tables": {name: {"columns": [name,
 * …], "texts": [column, …], "rows": [[value, …], …]}}}}. A column's name is there once, and so is
 * each text: in a column of texts a value is its index among the words. Fractions have six digits.
 */
final class EmbeddedTables {
  /** Writes letters beyond ASCII as escapes: none of them can make a page invalid. */
  static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private static final MathContext SIX_DIGITS = new MathContext(6);
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final Map<String, Integer> words = new LinkedHashMap<>();
  private final ObjectNode tables = NODES.objectNode();

  /**
   * Adds a table.
   *
   * @param rows of texts, numbers, and maps and arrays of numbers; few enough for the driver
   */
  void put(String name, Dataset<Row> rows) throws IOException {
    StructField[] fields = rows.schema().fields();
    ObjectNode table = tables.putObject(name);
    ArrayNode columns = table.putArray("columns");
    ArrayNode texts = table.putArray("texts");
    for (int column = 0; column < fields.length; column++) {
      columns.add(fields[column].name());
      if (isText(fields[column])) {
        texts.add(column);
      }
    }
    ArrayNode values = table.putArray("rows");
    for (String row : rows.toJSON().collectAsList()) {
      JsonNode read = JSON.readTree(row);
      ArrayNode line = values.addArray();
      for (StructField field : fields) {
        JsonNode value = read.path(field.name());
        line.add(isText(field) && value.isTextual() ? word(value.textValue()) : number(value));
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

  private static boolean isText(StructField field) {
    return field.dataType().equals(DataTypes.StringType);
  }

  private JsonNode word(String text) {
    return NODES.numberNode(words.computeIfAbsent(text, unseen -> words.size()));
  }

  /** Shortened; null for what is missing or no number. */
  private static JsonNode number(JsonNode value) {
    if (value.isFloatingPointNumber()) {
      BigDecimal rounded = BigDecimal.valueOf(value.doubleValue()).round(SIX_DIGITS);
      return NODES.numberNode(rounded.doubleValue());
    }
    if (value.isArray()) {
      ArrayNode list = NODES.arrayNode();
      value.forEach(one -> list.add(number(one)));
      return list;
    }
    if (value.isObject()) {
      ObjectNode map = NODES.objectNode();
      value.properties().forEach(entry -> map.set(entry.getKey(), number(entry.getValue())));
      return map;
    }
    return value.isNumber() || value.isBoolean() ? value : NODES.nullNode();
  }
}
