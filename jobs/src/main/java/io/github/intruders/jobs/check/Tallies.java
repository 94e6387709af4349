package io.github.intruders.jobs.check;

import io.github.intruders.check.CheckedTable;
import io.github.intruders.check.Figure;
import io.github.intruders.check.Tally;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The figures of a table while its rows come by. */
final class Tallies {
  private final CheckedTable table;
  private final List<Figure> figures;
  private final Map<Figure, Map<String, Tally>> byFigure = new HashMap<>();

  Tallies(CheckedTable table, List<Figure> figures) {
    this.table = table;
    this.figures = figures;
    figures.forEach(figure -> byFigure.put(figure, new HashMap<>()));
  }

  /** Takes a row. */
  void add(Map<String, Object> row) {
    for (String checkpoint : table.checkpointsOf(row)) {
      for (Figure figure : figures) {
        byFigure
            .get(figure)
            .computeIfAbsent(checkpoint, unseen -> new Tally(figure))
            .with(table, checkpoint, row);
      }
    }
  }

  /** What was found so far. */
  Map<Figure, Map<String, Tally>> byFigure() {
    return byFigure;
  }
}
