package io.github.intruders.check;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** Which rows count. */
public sealed interface Condition extends Serializable {
  /** Whether a row fulfils it; null if its value is not known. */
  Boolean test(Map<String, Object> row);

  /** The column it is on. */
  ColumnRef column();

  /** In words. */
  String text();

  /**
   * One of some texts or flags. A row without a value is none of them: a checkpoint without a tag
   * does not have the tag's value.
   *
   * @param values as they are written
   */
  record OneOf(ColumnRef column, List<String> values) implements Condition {
    public OneOf {
      values = List.copyOf(values);
    }

    @Override
    public Boolean test(Map<String, Object> row) {
      Object value = column.in(row);
      return value != null && values.contains(value.toString());
    }

    @Override
    public String text() {
      return values.size() == 1
          ? column.text() + " = " + values.get(0)
          : column.text() + " in " + values;
    }
  }

  /**
   * A number within bounds, both inclusive.
   *
   * @param min or null
   * @param max or null
   */
  record Within(ColumnRef column, Double min, Double max) implements Condition {
    @Override
    public Boolean test(Map<String, Object> row) {
      Double value = ColumnRef.number(column.in(row));
      if (value == null) {
        return null;
      }
      return (min == null || value >= min) && (max == null || value <= max);
    }

    @Override
    public String text() {
      if (min != null && min.equals(max)) {
        return column.text() + " = " + Figures.text(min);
      }
      String lower = min == null ? "" : Figures.text(min) + " <= ";
      return lower + column.text() + (max == null ? "" : " <= " + Figures.text(max));
    }
  }

  /** Whether a row fulfils all; null if that is not known. */
  static Boolean all(List<Condition> conditions, Map<String, Object> row) {
    boolean known = true;
    for (Condition condition : conditions) {
      Boolean fulfilled = condition.test(row);
      if (fulfilled == null) {
        known = false;
      } else if (!fulfilled) {
        return false;
      }
    }
    return known ? true : null;
  }
}
