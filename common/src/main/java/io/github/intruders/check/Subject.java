package io.github.intruders.check;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A checkpoint that rules are held against.
 *
 * @param id names it
 * @param row its row in the table {@code checkpoints}
 */
public record Subject(String id, Map<String, Object> row) {
  /** The table of checkpoints. */
  public static final String TABLE = "checkpoints";

  public Subject {
    Objects.requireNonNull(id, "id");
  }

  public static Subject of(Map<String, Object> row) {
    return new Subject((String) row.get("checkpoint_id"), row);
  }

  /** Whether any of its matrices were analysed. Figures of one that has none are not known. */
  boolean isAnalysed() {
    return row.get("matrices") instanceof Number matrices && matrices.longValue() > 0;
  }

  /** Its step, or null. */
  public Integer step() {
    return row.get("step") instanceof Number step ? (Integer) step.intValue() : null;
  }

  /** Its sequence, or null. */
  public String sequence() {
    return (String) row.get("sequence");
  }

  /** The run that its results are of, or null. */
  public String resultsRun() {
    return (String) row.get("run_id");
  }

  /** The line it belongs to: the values of these columns; without any, it is one by itself. */
  String line(List<ColumnRef> columns) {
    StringBuilder text = new StringBuilder();
    for (ColumnRef column : columns) {
      Object value = column.in(row);
      if (value != null) {
        text.append(text.isEmpty() ? "" : ", ").append(column.text()).append(" = ").append(value);
      }
    }
    return text.isEmpty() ? "checkpoint_id = " + id : text.toString();
  }
}
