package io.github.intruders.jobs.show;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.store.TableReader;
import io.github.intruders.jobs.table.CheckpointsTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A table's rows as {@link TableReader} gives them: the same columns, rows and order.
 *
 * @param columns in the order they are shown
 * @param rows column → value; a column without one is not there
 */
public record ShownTable(List<String> columns, List<Map<String, Object>> rows) {
  /**
   * Reads a table.
   *
   * @param folder of the table
   * @param limit at most so many rows; 0 for all
   * @return empty if Spark has to read it
   */
  public static Optional<ShownTable> read(Storage storage, String folder, String table, int limit)
      throws IOException {
    try {
      ShownTable all = of(StoredTable.read(storage, folder, table));
      if (table.equals(CheckpointsTable.TABLE.name())) {
        return Optional.of(RankedCheckpoints.of(all).first(limit));
      }
      TableReader.KEYS.stream()
          .filter(all.columns()::contains)
          .map(ShownTable::by)
          .reduce(Comparator::thenComparing)
          .ifPresent(all.rows()::sort);
      return Optional.of(all.first(limit));
    } catch (UnknownContentException e) {
      return Optional.empty();
    }
  }

  /**
   * Reads all rows of a table as they are stored, in no order.
   *
   * @param folder of the table
   * @return empty if Spark has to read it
   */
  public static Optional<ShownTable> stored(Storage storage, String folder, String table)
      throws IOException {
    try {
      return Optional.of(of(StoredTable.read(storage, folder, table)));
    } catch (UnknownContentException e) {
      return Optional.empty();
    }
  }

  /** What its rows go by comes first. */
  private static ShownTable of(StoredTable stored) {
    List<String> columns = new ArrayList<>(List.of(stored.partition()));
    columns.addAll(stored.columns());
    return new ShownTable(columns, stored.rows());
  }

  private ShownTable first(int limit) {
    return limit == 0
        ? this
        : new ShownTable(columns, rows.subList(0, Math.min(limit, rows.size())));
  }

  private static Comparator<Map<String, Object>> by(String column) {
    return Comparator.comparing(row -> row.get(column), ShownTable::compare);
  }

  /** How Spark orders values of one column. */
  private static int compare(Object a, Object b) {
    if (a == null || b == null) {
      return a == b ? 0 : a == null ? -1 : 1;
    }
    if (a instanceof String text) {
      return Arrays.compareUnsigned(
          text.getBytes(StandardCharsets.UTF_8), ((String) b).getBytes(StandardCharsets.UTF_8));
    }
    if (a instanceof List<?> list) {
      List<?> other = (List<?>) b;
      for (int i = 0; i < Math.min(list.size(), other.size()); i++) {
        int order = compare(list.get(i), other.get(i));
        if (order != 0) {
          return order;
        }
      }
      return Integer.compare(list.size(), other.size());
    }
    if (a instanceof Boolean truth) {
      return truth.compareTo((Boolean) b);
    }
    if (a instanceof Integer || a instanceof Long) {
      return Long.compare(((Number) a).longValue(), ((Number) b).longValue());
    }
    double left = ((Number) a).doubleValue();
    double right = ((Number) b).doubleValue();
    return left == right ? 0 : Double.compare(left, right); // 0 and -0 are the same
  }
}
