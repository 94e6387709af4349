package io.github.intruders.jobs.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The columns of a table in the page: for each its name and how its value is taken from a record. A
 * fraction has six digits, and what is missing or no number is null.
 *
 * @param <R> what a row is made from
 */
final class Columns<R> {
  private static final MathContext SIX_DIGITS = new MathContext(6);
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final List<Column<R>> columns = new ArrayList<>();

  /**
   * One of them; either of the two functions is null.
   *
   * @param text of a column of texts
   * @param value of any other
   */
  record Column<R>(String name, Function<R, String> text, Function<R, JsonNode> value) {}

  Columns<R> text(String name, Function<R, String> text) {
    columns.add(new Column<>(name, text, null));
    return this;
  }

  Columns<R> number(String name, Function<R, ? extends Number> number) {
    return value(name, row -> node(number.apply(row)));
  }

  Columns<R> flag(String name, Function<R, Boolean> flag) {
    return value(name, row -> NODES.booleanNode(flag.apply(row)));
  }

  /** A column of numbers by name, or of nulls. */
  Columns<R> map(String name, Function<R, ? extends Map<String, ? extends Number>> map) {
    return value(
        name,
        row -> {
          Map<String, ? extends Number> numbers = map.apply(row);
          if (numbers == null) {
            return NODES.nullNode();
          }
          ObjectNode node = NODES.objectNode();
          numbers.forEach((key, number) -> node.set(key, node(number)));
          return node;
        });
  }

  /** A column of lists of numbers, which may lack some, or of nulls. */
  Columns<R> list(String name, Function<R, ? extends List<? extends Number>> list) {
    return value(
        name,
        row -> {
          List<? extends Number> numbers = list.apply(row);
          if (numbers == null) {
            return NODES.nullNode();
          }
          ArrayNode node = NODES.arrayNode(numbers.size());
          numbers.forEach(number -> node.add(node(number)));
          return node;
        });
  }

  List<Column<R>> all() {
    return List.copyOf(columns);
  }

  private Columns<R> value(String name, Function<R, JsonNode> value) {
    columns.add(new Column<>(name, null, value));
    return this;
  }

  private static JsonNode node(Number number) {
    if (number instanceof Integer || number instanceof Long) {
      return NODES.numberNode(number.longValue());
    }
    if (number == null || !Double.isFinite(number.doubleValue())) {
      return NODES.nullNode();
    }
    return NODES.numberNode(
        BigDecimal.valueOf(number.doubleValue()).round(SIX_DIGITS).doubleValue());
  }
}
