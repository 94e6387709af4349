package io.github.intruders.check;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tables in memory that tests hold rules against. */
final class Fleet {
  static final Instant NOW = Instant.parse("2026-01-31T06:00:00Z");

  static final CheckedTable CHECKPOINTS =
      new CheckedTable(
          "checkpoints",
          columns(
              "checkpoint_id", ColumnKind.TEXT,
              "sequence", ColumnKind.TEXT,
              "step", ColumnKind.NUMBER,
              "method", ColumnKind.TEXT,
              "tags", ColumnKind.TEXTS,
              "matrices", ColumnKind.NUMBER,
              "rejected", ColumnKind.NUMBER,
              "intruders", ColumnKind.NUMBERS,
              "intruder_count", ColumnKind.NUMBER,
              "intruder_energy_share", ColumnKind.NUMBER,
              "update_relative_norm", ColumnKind.NUMBER),
          List.of("checkpoint_id"),
          List.of());

  static final CheckedTable MATRICES =
      new CheckedTable(
          "matrices",
          columns(
              "checkpoint_id", ColumnKind.TEXT,
              "matrix", ColumnKind.TEXT,
              "module", ColumnKind.TEXT,
              "critical_margin", ColumnKind.NUMBER,
              "intruder_count", ColumnKind.NUMBER),
          List.of("checkpoint_id"),
          List.of("matrix"));

  static final CheckedTable PAIRS =
      new CheckedTable(
          "adapter_pairs",
          columns(
              "checkpoint_a", ColumnKind.TEXT,
              "checkpoint_b", ColumnKind.TEXT,
              "interference", ColumnKind.NUMBER,
              "duplicate", ColumnKind.FLAG),
          List.of("checkpoint_a", "checkpoint_b"),
          List.of("checkpoint_a", "checkpoint_b"));

  static final List<CheckedTable> TABLES = List.of(CHECKPOINTS, MATRICES, PAIRS);

  private final Map<String, List<Map<String, Object>>> rows = new HashMap<>();

  Fleet() {
    rows.put("checkpoints", new ArrayList<>());
  }

  /** Adds a row; pairs of column and value. */
  Fleet row(String table, Object... pairs) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i + 1] != null) {
        row.put((String) pairs[i], pairs[i + 1]);
      }
    }
    rows.computeIfAbsent(table, unseen -> new ArrayList<>()).add(row);
    return this;
  }

  /** Adds a checkpoint with ten analysed matrices and none rejected. */
  Fleet checkpoint(String id, Double relativeNorm, Object... further) {
    List<Object> all =
        new ArrayList<>(
            List.of("checkpoint_id", id, "matrices", 10, "rejected", 0, "run_id", "r1"));
    if (relativeNorm != null) {
      all.addAll(List.of("update_relative_norm", relativeNorm));
    }
    all.addAll(List.of(further));
    return row("checkpoints", all.toArray());
  }

  /** What these rules are held against. */
  CheckInput input(RuleSet rules, List<Acceptance> accepted) {
    return new CheckInput(subjects(), figures(rules), Map.of(), accepted);
  }

  List<Subject> subjects() {
    return rows.get("checkpoints").stream().map(Subject::of).toList();
  }

  Figures figures(RuleSet rules) {
    Map<Figure, Map<String, Tally>> tallies = new HashMap<>();
    Set<String> missing = new HashSet<>();
    for (Figure figure : rules.figures()) {
      CheckedTable table =
          TABLES.stream()
              .filter(one -> one.name().equals(figure.table()))
              .findFirst()
              .orElseThrow();
      if (!rows.containsKey(table.name())) {
        missing.add(table.name());
        continue;
      }
      Map<String, Tally> byCheckpoint = new HashMap<>();
      for (Map<String, Object> row : rows.get(table.name())) {
        for (String id : table.checkpointsOf(row)) {
          byCheckpoint.computeIfAbsent(id, unseen -> new Tally(figure)).with(table, id, row);
        }
      }
      tallies.put(figure, byCheckpoint);
    }
    return new Figures(tallies, missing);
  }

  CheckResult check(String yaml) {
    return check(rules(yaml), List.of());
  }

  CheckResult check(RuleSet rules, List<Acceptance> accepted) {
    return check(rules, accepted, new Checker.Choice(Set.of(), false, Set.of()));
  }

  CheckResult check(RuleSet rules, List<Acceptance> accepted, Checker.Choice choice) {
    return Checker.check(rules, input(rules, accepted), choice, NOW);
  }

  /** Rules of one file, each on a line of its own. */
  static RuleSet rules(String... rules) {
    return RulesReader.read(
        "file:/rules.yaml", "rules:\n- " + String.join("\n- ", rules) + "\n", TABLES);
  }

  private static Map<String, ColumnKind> columns(Object... pairs) {
    Map<String, ColumnKind> columns = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      columns.put((String) pairs[i], (ColumnKind) pairs[i + 1]);
    }
    return columns;
  }
}
