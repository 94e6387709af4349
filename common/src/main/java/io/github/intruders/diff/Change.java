package io.github.intruders.diff;

import java.util.List;

/**
 * One thing that changed.
 *
 * @param kind what happened
 * @param key the values that name the row, in the order of the key's columns; some may be null
 * @param column that differs, or a value of a column that is a map, {@code name['key']}; null where
 *     the whole row came or went
 * @param before its value, or null
 * @param after its value, or null
 */
public record Change(Kind kind, List<Object> key, String column, Object before, Object after) {
  /** What happened. */
  public enum Kind {
    ADDED,
    GONE,
    CHANGED
  }

  /** The difference relative to the value before; null where there is none, or it was 0. */
  public Double relative() {
    if (before instanceof Number old && after instanceof Number now && old.doubleValue() != 0) {
      return (now.doubleValue() - old.doubleValue()) / Math.abs(old.doubleValue());
    }
    return null;
  }
}
