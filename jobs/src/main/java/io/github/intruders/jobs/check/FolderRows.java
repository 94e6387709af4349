package io.github.intruders.jobs.check;

import io.github.intruders.check.CheckedTable;
import io.github.intruders.check.Figure;
import io.github.intruders.check.Tally;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.show.ShownTable;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Small tables in folders, read without a Spark session.
 *
 * @param tables table → its rows; those that are not there have none
 */
public record FolderRows(Map<String, List<Map<String, Object>>> tables) implements StoredRows {
  public FolderRows {
    tables = Map.copyOf(tables);
  }

  /**
   * Reads tables.
   *
   * @return empty if Spark has to read one of them
   */
  public static Optional<FolderRows> read(Storage storage, String outUri, Collection<String> tables)
      throws IOException {
    Map<String, List<Map<String, Object>>> rows = new HashMap<>();
    for (String table : tables) {
      String folder = storage.resolve(outUri, table);
      if (storage.isDirectory(folder)) {
        Optional<ShownTable> stored = ShownTable.stored(storage, folder, table);
        if (stored.isEmpty()) {
          return Optional.empty();
        }
        rows.put(table, stored.get().rows());
      }
    }
    return Optional.of(new FolderRows(rows));
  }

  @Override
  public boolean has(String table) {
    return tables.containsKey(table);
  }

  @Override
  public List<Map<String, Object>> all(String table) {
    return tables.get(table);
  }

  @Override
  public Map<Figure, Map<String, Tally>> tallies(CheckedTable table, List<Figure> figures) {
    Tallies tallies = new Tallies(table, figures);
    all(table.name()).forEach(tallies::add);
    return tallies.byFigure();
  }
}
