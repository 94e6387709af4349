package io.github.intruders.check;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A table that rules can be held against.
 *
 * @param name of the table
 * @param columns column → what its values are, in the table's order
 * @param checkpointColumns the columns that name the checkpoints a row is of: one, or two where
 *     rows are of pairs
 * @param itemColumns what tells the rows of one checkpoint apart; empty where it has one row
 */
public record CheckedTable(
    String name,
    Map<String, ColumnKind> columns,
    List<String> checkpointColumns,
    List<String> itemColumns)
    implements Serializable {
  /** The table that has no row of a checkpoint of which nothing was left out. */
  static final String REJECTS = "rejects";

  public CheckedTable {
    Objects.requireNonNull(name, "name");
    columns = new LinkedHashMap<>(columns);
    checkpointColumns = List.copyOf(checkpointColumns);
    itemColumns = List.copyOf(itemColumns);
    if (checkpointColumns.isEmpty()) {
      throw new IllegalArgumentException("No column of %s names a checkpoint".formatted(name));
    }
  }

  /** Whether a checkpoint has at most one row. */
  boolean hasOneRowEach() {
    return itemColumns.isEmpty();
  }

  /** The checkpoints that a row is of. */
  public List<String> checkpointsOf(Map<String, Object> row) {
    return checkpointColumns.stream()
        .map(row::get)
        .filter(Objects::nonNull)
        .map(Object::toString)
        .distinct()
        .toList();
  }

  /** What a row is called among those of a checkpoint; empty where there is one. */
  String itemOf(Map<String, Object> row, String checkpointId) {
    StringBuilder text = new StringBuilder();
    for (String column : itemColumns) {
      Object value = row.get(column);
      boolean itself = checkpointColumns.contains(column) && checkpointId.equals(value);
      if (value != null && !itself) {
        text.append(text.isEmpty() ? "" : ", ").append(value);
      }
    }
    return text.toString();
  }
}
