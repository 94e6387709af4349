package io.github.intruders.jobs.check;

import io.github.intruders.check.Acceptance;
import io.github.intruders.check.CheckInput;
import io.github.intruders.check.Figure;
import io.github.intruders.check.Figures;
import io.github.intruders.check.RuleSet;
import io.github.intruders.check.Subject;
import io.github.intruders.check.Tally;
import io.github.intruders.jobs.table.ChecksTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Finds in tables what rules are held against. */
public final class CheckInputs {
  private CheckInputs() {}

  /** The tables that holding these rules needs, whether they are there or not. */
  public static Set<String> tables(RuleSet rules) {
    Set<String> tables = new TreeSet<>(Set.of(Subject.TABLE, ChecksTable.TABLE.name()));
    rules.figures().forEach(figure -> tables.add(figure.table()));
    return tables;
  }

  /**
   * Reads it.
   *
   * @param now the tables as they are
   * @param then version → the tables in that state, of all that rules compare with
   */
  public static CheckInput read(RuleSet rules, StoredRows now, Map<String, StoredRows> then)
      throws IOException {
    List<Subject> subjects = subjects(now);
    List<Acceptance> accepted =
        now.has(ChecksTable.TABLE.name())
            ? ChecksTable.acceptances(now.all(ChecksTable.TABLE.name()), rules.name())
            : List.of();
    Map<String, Figures> earlier = new HashMap<>();
    for (Map.Entry<String, StoredRows> version : then.entrySet()) {
      earlier.put(version.getKey(), figures(rules.figures(), version.getValue()));
    }
    return new CheckInput(subjects, figures(rules.figures(), now), earlier, accepted);
  }

  /** All checkpoints there are. */
  public static List<Subject> subjects(StoredRows rows) throws IOException {
    return rows.all(Subject.TABLE).stream().map(Subject::of).toList();
  }

  /** Figures of all checkpoints in one state of the tables. */
  private static Figures figures(List<Figure> figures, StoredRows rows) throws IOException {
    Map<String, List<Figure>> byTable = new TreeMap<>();
    figures.forEach(
        figure -> byTable.computeIfAbsent(figure.table(), unseen -> new ArrayList<>()).add(figure));
    Map<Figure, Map<String, Tally>> tallies = new HashMap<>();
    Set<String> missing = new HashSet<>();
    for (Map.Entry<String, List<Figure>> asked : byTable.entrySet()) {
      if (rows.has(asked.getKey())) {
        tallies.putAll(rows.tallies(CheckedTables.named(asked.getKey()), asked.getValue()));
      } else {
        missing.add(asked.getKey());
      }
    }
    return new Figures(tallies, missing);
  }
}
