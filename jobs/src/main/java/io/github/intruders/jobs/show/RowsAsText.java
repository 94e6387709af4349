package io.github.intruders.jobs.show;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.util.SchemaUtils;
import org.apache.spark.util.Utils;
import scala.Tuple2;
import scala.collection.mutable.Builder;
import scala.jdk.javaapi.CollectionConverters;

/** Rows of a table in the forms that Spark prints them in. */
public final class RowsAsText {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int LEAST_WIDTH = 3;

  private RowsAsText() {}

  /** All of it, as {@code Dataset.show} draws it without cutting anything. */
  public static String table(ShownTable table) {
    int[] widths = new int[table.columns().size()];
    Arrays.fill(widths, LEAST_WIDTH);
    String[] header =
        table.columns().stream().map(SchemaUtils::escapeMetaCharacters).toArray(String[]::new);
    widen(widths, header);
    List<String[]> rows = table.rows().stream().map(row -> cells(table.columns(), row)).toList();
    rows.forEach(row -> widen(widths, row));
    StringBuilder text = new StringBuilder();
    String line =
        Arrays.stream(widths).mapToObj("-"::repeat).collect(Collectors.joining("+", "+", "+\n"));
    text.append(line);
    draw(text, widths, header);
    text.append(line);
    rows.forEach(row -> draw(text, widths, row));
    return text.append(line).toString();
  }

  private static String[] cells(List<String> columns, Map<String, Object> row) {
    return columns.stream()
        .map(column -> SchemaUtils.escapeMetaCharacters(cell(row.get(column))))
        .toArray(String[]::new);
  }

  private static void widen(int[] widths, String[] cells) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], Utils.stringHalfWidth(cells[i]));
    }
  }

  private static void draw(StringBuilder text, int[] widths, String[] cells) {
    text.append('|');
    for (int i = 0; i < widths.length; i++) {
      text.append(cells[i])
          .append(" ".repeat(widths[i] - Utils.stringHalfWidth(cells[i])))
          .append('|');
    }
    text.append('\n');
  }

  private static String cell(Object value) {
    if (value == null) {
      return "NULL";
    }
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> cell(entry.getKey()) + " -> " + cell(entry.getValue()))
          .collect(Collectors.joining(", ", "{", "}"));
    }
    if (value instanceof List<?> list) {
      return list.stream().map(RowsAsText::cell).collect(Collectors.joining(", ", "[", "]"));
    }
    return value.toString();
  }

  /** One row as a line of JSON, as {@code Dataset.toJSON} writes it: without what is null. */
  public static String json(List<String> columns, Map<String, Object> row) throws IOException {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(line)) {
      json.writeStartObject();
      for (String column : columns) {
        if (row.get(column) != null) {
          json.writeFieldName(column);
          write(json, row.get(column));
        }
      }
      json.writeEndObject();
    }
    return line.toString();
  }

  private static void write(JsonGenerator json, Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : asScala(map).entrySet()) {
        json.writeFieldName(String.valueOf(entry.getKey()));
        write(json, entry.getValue());
      }
      json.writeEndObject();
    } else if (value instanceof List<?> list) {
      json.writeStartArray();
      for (Object item : list) {
        write(json, item);
      }
      json.writeEndArray();
    } else if (value instanceof Integer number) {
      json.writeNumber(number);
    } else if (value instanceof Long number) {
      json.writeNumber(number);
    } else if (value instanceof Float number) {
      json.writeNumber(number);
    } else if (value instanceof Double number) {
      json.writeNumber(number);
    } else if (value instanceof Boolean truth) {
      json.writeBoolean(truth);
    } else if (value == null) {
      json.writeNull();
    } else {
      json.writeString(value.toString());
    }
  }

  /** A row's way to JSON leads through Scala's maps, whose order is not that of the file. */
  private static <K, V> Map<K, V> asScala(Map<K, V> map) {
    Builder<Tuple2<K, V>, scala.collection.immutable.Map<K, V>> builder =
        scala.collection.immutable.Map$.MODULE$.newBuilder();
    map.forEach((key, value) -> builder.addOne(new Tuple2<>(key, value)));
    return CollectionConverters.asJava(builder.result());
  }
}
