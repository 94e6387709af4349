package io.github.intruders.check;

import java.io.Serializable;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A column, or one entry of a column that is a map.
 *
 * @param name the column
 * @param key the entry's key, or null for the column itself
 */
public record ColumnRef(String name, String key) implements Serializable {
  private static final Pattern FORM = Pattern.compile("([A-Za-z_]\\w*)(?:\\['([^']+)'\\])?");

  /** From {@code name} or {@code name['key']}; empty if it is neither. */
  static Optional<ColumnRef> parse(String text) {
    Matcher matcher = FORM.matcher(text);
    return matcher.matches()
        ? Optional.of(new ColumnRef(matcher.group(1), matcher.group(2)))
        : Optional.empty();
  }

  /** A row's value; null if there is none. */
  Object in(Map<String, Object> row) {
    Object value = row.get(name);
    return key != null && value instanceof Map<?, ?> map ? map.get(key) : value;
  }

  /** As rules spell it. */
  String text() {
    return key == null ? name : "%s['%s']".formatted(name, key);
  }

  /** A value as a number: a flag is 1 or 0; null if there is none, or it is not a number. */
  static Double number(Object value) {
    if (value instanceof Boolean flag) {
      return flag ? 1.0 : 0.0;
    }
    if (!(value instanceof Number number) || Double.isNaN(number.doubleValue())) {
      return null;
    }
    return number.doubleValue();
  }
}
