package io.github.intruders.check;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * One number of a checkpoint, as a rule asks for it.
 *
 * @param table whose rows it is made of
 * @param column whose values, or null where rows are counted
 * @param statistic what is made of them
 * @param where which rows count
 */
public record Figure(String table, ColumnRef column, Statistic statistic, List<Condition> where)
    implements Serializable {
  public Figure {
    Objects.requireNonNull(table, "table");
    where = List.copyOf(where);
    if ((column == null) != statistic.countsRows()) {
      throw new IllegalArgumentException(
          "%s of column %s".formatted(statistic.text(), column == null ? null : column.text()));
    }
  }

  /** Names it: the same text means the same figure, whatever rule asks for it. */
  public String text() {
    String what = column == null ? table : table + "." + column.text();
    String of = statistic == Statistic.VALUE ? what : statistic.text() + " of " + what;
    return where.isEmpty()
        ? of
        : of + " where " + where.stream().map(Condition::text).collect(Collectors.joining(" and "));
  }

  /** The columns that it needs, those that name checkpoints and rows aside. */
  public Set<String> columns() {
    Set<String> columns = new TreeSet<>();
    if (column != null) {
      columns.add(column.name());
    }
    where.forEach(condition -> columns.add(condition.column().name()));
    return columns;
  }
}
