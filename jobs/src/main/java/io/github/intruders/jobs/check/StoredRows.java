package io.github.intruders.jobs.check;

import io.github.intruders.check.CheckedTable;
import io.github.intruders.check.Figure;
import io.github.intruders.check.Tally;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** The rows of tables in one state, column → value; a column without a value is not there. */
public sealed interface StoredRows permits FolderRows, SparkRows {
  /** Whether there is such a table. */
  boolean has(String table) throws IOException;

  /** All rows of a table that has few. */
  List<Map<String, Object>> all(String table) throws IOException;

  /** The figures of all checkpoints: figure → checkpoint → what its rows say. */
  Map<Figure, Map<String, Tally>> tallies(CheckedTable table, List<Figure> figures)
      throws IOException;
}
