package io.github.intruders.jobs.listener;

import java.util.List;
import java.util.Objects;

/**
 * A table that a run has changed.
 *
 * @param name such as {@code checkpoints}
 * @param uri where it lies
 * @param catalogName its name in a catalog, levels parted by dots; null where it is in none
 * @param columns as they are stored
 * @param rows how many rows were written; null where nobody has counted
 */
public record WrittenTable(
    String name, String uri, String catalogName, List<Column> columns, Long rows) {
  public WrittenTable {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(uri, "uri");
    columns = List.copyOf(columns);
  }

  /**
   * A column.
   *
   * @param type as SQL spells it
   */
  public record Column(String name, String type) {}
}
