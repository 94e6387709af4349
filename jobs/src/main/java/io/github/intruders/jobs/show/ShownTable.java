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
  private static final String CHECKPOINT = "checkpoint_id";

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
      StoredTable stored = StoredTable.read(storage, folder);
      List<String> columns = new ArrayList<>(List.of(stored.partition()));
      columns.addAll(stored.columns());
      Comparator<Map<String, Object>> order = null;
      if (table.equals(CheckpointsTable.TABLE.name())) {
        if (!stored.partition().equals(CHECKPOINT) || !ExpectedForgetting.canRank(columns)) {
          return Optional.empty();
        }
        ExpectedForgetting.rank(stored.rows());
        columns.addAll(1, ExpectedForgetting.COLUMNS);
        order = by("base_id", Order.NULLS_FIRST);
        order = order.thenComparing(by(ExpectedForgetting.PLACE, Order.NULLS_LAST));
        order = order.thenComparing(by(CHECKPOINT, Order.NULLS_FIRST));
      } else {
        for (String key : TableReader.KEYS) {
          if (columns.contains(key)) {
            Comparator<Map<String, Object>> next = by(key, Order.NULLS_FIRST);
            order = order == null ? next : order.thenComparing(next);
          }
        }
      }
      List<Map<String, Object>> rows = stored.rows();
      if (order != null) {
        rows.sort(order);
      }
      return Optional.of(
          new ShownTable(
              columns, limit == 0 ? rows : rows.subList(0, Math.min(limit, rows.size()))));
    } catch (UnknownContentException e) {
      return Optional.empty();
    }
  }

  private static Comparator<Map<String, Object>> by(String column, Order order) {
    return Comparator.comparing(row -> row.get(column), order);
  }

  /** How Spark orders values of one column. */
  enum Order implements Comparator<Object> {
    NULLS_FIRST(-1),
    NULLS_LAST(1);

    private final int ofNull;

    Order(int ofNull) {
      this.ofNull = ofNull;
    }

    @Override
    public int compare(Object a, Object b) {
      if (a == null || b == null) {
        return a == b ? 0 : a == null ? ofNull : -ofNull;
      }
      if (a instanceof String text) {
        return Arrays.compareUnsigned(
            text.getBytes(StandardCharsets.UTF_8), ((String) b).getBytes(StandardCharsets.UTF_8));
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
}
