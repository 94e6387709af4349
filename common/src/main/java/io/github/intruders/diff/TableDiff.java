package io.github.intruders.diff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What changed in a table.
 *
 * @param changes rows that came, then rows that went, then values, the largest relative differences
 *     first
 * @param same how many rows are in both states with the same values
 * @param different how many rows are in both states with other values
 */
public record TableDiff(List<Change> changes, int same, int different) {
  private static final Comparator<Change> ORDER =
      Comparator.comparing(Change::kind)
          .thenComparing(TableDiff::size, Comparator.reverseOrder())
          .thenComparing(change -> change.key().toString())
          .thenComparing(Change::column, Comparator.nullsFirst(Comparator.naturalOrder()));

  public TableDiff {
    changes = List.copyOf(changes);
  }

  /**
   * What to compare.
   *
   * @param key the columns that name a row; rows with the same ones are told apart by all else
   * @param columns the columns whose values count
   * @param tolerance numbers whose difference is at most this part of the larger one are the same
   */
  public record Question(List<String> key, List<String> columns, double tolerance) {
    public Question {
      key = List.copyOf(key);
      columns = List.copyOf(columns);
    }
  }

  /** A row's key, and which of the rows with this key it is. */
  private record Place(List<Object> key, int of) {}

  /**
   * Compares two states.
   *
   * @param before rows, column → value, in any order; a column without a value may be missing
   */
  public static TableDiff of(
      Collection<Map<String, Object>> before,
      Collection<Map<String, Object>> after,
      Question question) {
    Map<Place, Map<String, Object>> old = placed(before, question);
    Map<Place, Map<String, Object>> now = placed(after, question);
    List<Change> changes = new ArrayList<>();
    now.keySet().stream()
        .filter(place -> !old.containsKey(place))
        .forEach(
            place -> changes.add(new Change(Change.Kind.ADDED, place.key(), null, null, null)));
    int same = 0;
    int different = 0;
    for (Map.Entry<Place, Map<String, Object>> row : old.entrySet()) {
      List<Object> key = row.getKey().key();
      Map<String, Object> other = now.get(row.getKey());
      if (other == null) {
        changes.add(new Change(Change.Kind.GONE, key, null, null, null));
        continue;
      }
      List<Change> values = values(key, row.getValue(), other, question.tolerance());
      changes.addAll(values);
      if (values.isEmpty()) {
        same++;
      } else {
        different++;
      }
    }
    changes.sort(ORDER);
    return new TableDiff(changes, same, different);
  }

  /** How many changes are of a kind; of changed values, not rows. */
  public long count(Change.Kind kind) {
    return changes.stream().filter(change -> change.kind() == kind).count();
  }

  private static double size(Change change) {
    Double relative = change.relative();
    return change.kind() != Change.Kind.CHANGED
        ? 0
        : relative == null || relative.isNaN() ? Double.POSITIVE_INFINITY : Math.abs(relative);
  }

  private static Map<Place, Map<String, Object>> placed(
      Collection<Map<String, Object>> rows, Question question) {
    Map<List<Object>, List<Map<String, Object>>> byKey = new LinkedHashMap<>();
    for (Map<String, Object> row : rows) {
      List<Object> key = new ArrayList<>(); // with nulls
      question.key().forEach(column -> key.add(row.get(column)));
      byKey.computeIfAbsent(key, unseen -> new ArrayList<>()).add(flat(row, question.columns()));
    }
    Map<Place, Map<String, Object>> placed = new LinkedHashMap<>();
    byKey.forEach(
        (key, same) -> {
          same.sort(Comparator.comparing(Map::toString));
          for (int i = 0; i < same.size(); i++) {
            placed.put(new Place(key, i), same.get(i));
          }
        });
    return placed;
  }

  /** Each value of a map by itself. */
  private static Map<String, Object> flat(Map<String, Object> row, List<String> columns) {
    Map<String, Object> flat = new TreeMap<>();
    for (String column : columns) {
      Object value = row.get(column);
      if (value instanceof Map<?, ?> map) {
        map.forEach((key, entry) -> flat.put("%s['%s']".formatted(column, key), entry));
      } else if (value != null) {
        flat.put(column, value);
      }
    }
    return flat;
  }

  private static List<Change> values(
      List<Object> key, Map<String, Object> before, Map<String, Object> after, double tolerance) {
    Set<String> columns = new TreeSet<>(before.keySet());
    columns.addAll(after.keySet());
    List<Change> changes = new ArrayList<>();
    for (String column : columns) {
      Object old = before.get(column);
      Object now = after.get(column);
      if (!isSame(old, now, tolerance)) {
        changes.add(new Change(Change.Kind.CHANGED, key, column, old, now));
      }
    }
    return changes;
  }

  private static boolean isSame(Object old, Object now, double tolerance) {
    if (!(old instanceof Number a) || !(now instanceof Number b)) {
      return Objects.equals(old, now);
    }
    if (a instanceof Long && b instanceof Long && tolerance == 0) {
      return a.equals(b);
    }
    double left = a.doubleValue();
    double right = b.doubleValue();
    return left == right
        || (Double.isNaN(left) && Double.isNaN(right))
        || (Math.abs(left - right) <= tolerance * Math.max(Math.abs(left), Math.abs(right))
            && Double.isFinite(left)
            && Double.isFinite(right));
  }
}
