package io.github.intruders.jobs.table;

import io.github.intruders.check.Acceptance;
import io.github.intruders.check.Acceptance.Compared;
import io.github.intruders.check.CheckResult;
import io.github.intruders.check.CheckResult.Checked;
import io.github.intruders.check.Reference;
import io.github.intruders.check.Subject;
import io.github.intruders.check.Verdict;
import io.github.intruders.jobs.figures.CheckLine;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code checks} table: one row per set of rules, rule and checkpoint, of the last check and of
 * the one that accepted the checkpoint last.
 */
public final class ChecksTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "checks",
          "checkpoint_id",
          "checkpoint_id STRING, rule_set STRING, rule STRING, severity STRING, state STRING,"
              + " passed BOOLEAN, effect STRING, figure STRING, observed DOUBLE, bound STRING,"
              + " `limit` DOUBLE, against STRING, reference DOUBLE, reference_of STRING,"
              + " subject STRING, reason STRING, acceptance STRING, checked_at STRING,"
              + " line STRING, sequence STRING, step INT, results_run_id STRING,"
              + " rules_hash STRING");

  /** The columns by which rows are replaced. */
  public static final String RULE_SET = "rule_set";

  /** Null in rows of a check that did not accept the checkpoint. */
  public static final String ACCEPTANCE = "acceptance";

  private ChecksTable() {}

  /** The rows of {@link #TABLE} that a check gives. */
  public static List<Row> toRows(CheckResult result) {
    List<Row> rows = new ArrayList<>();
    for (Checked checked : result.checkpoints()) {
      checked.verdicts().forEach(verdict -> rows.add(row(result, checked, verdict)));
    }
    return rows;
  }

  private static Row row(CheckResult result, Checked checked, Verdict verdict) {
    Subject subject = checked.subject();
    Reference against = verdict.rule().against();
    return RowFactory.create(
        subject.id(),
        result.rules().name(),
        verdict.rule().id(),
        verdict.rule().severity().text(),
        verdict.state().text(),
        verdict.passed(),
        verdict.effect() == null ? null : verdict.effect().text(),
        verdict.rule().figure().text(),
        verdict.observed(),
        verdict.bound(),
        verdict.limit(),
        against == null ? null : against.text(),
        verdict.reference(),
        verdict.referenceOf(),
        verdict.subject(),
        verdict.reason(),
        checked.accepted() == null ? null : checked.accepted().text(),
        result.checkedAt().toString(),
        checked.line(),
        subject.sequence(),
        subject.step(),
        subject.resultsRun(),
        result.rules().hash());
  }

  /**
   * What a set of rules has accepted.
   *
   * @param rows column → value, of the whole table
   */
  public static List<Acceptance> acceptances(List<Map<String, Object>> rows, String ruleSet) {
    Map<List<Object>, List<Map<String, Object>>> checks = new LinkedHashMap<>();
    for (Map<String, Object> row : rows) {
      if (ruleSet.equals(row.get(RULE_SET)) && row.get(ACCEPTANCE) != null) {
        checks
            .computeIfAbsent(
                List.of(row.get("checkpoint_id"), row.get("checked_at")),
                unseen -> new ArrayList<>())
            .add(row);
      }
    }
    return checks.values().stream().map(ChecksTable::acceptance).toList();
  }

  /** Of the rows of one check and checkpoint. */
  private static Acceptance acceptance(List<Map<String, Object>> rows) {
    Map<String, Double> observed = new HashMap<>();
    Map<String, Compared> references = new HashMap<>();
    String lastAccepted = new Reference.LastAccepted().text();
    for (Map<String, Object> row : rows) {
      String figure = (String) row.get("figure");
      if (row.get("observed") != null) {
        observed.put(figure, (Double) row.get("observed"));
      }
      if (row.get("reference") != null && lastAccepted.equals(row.get("against"))) {
        references.put(
            figure, new Compared((Double) row.get("reference"), (String) row.get("reference_of")));
      }
    }
    Map<String, Object> first = rows.get(0);
    return new Acceptance(
        (String) first.get("checkpoint_id"),
        (String) first.get("line"),
        (String) first.get("sequence"),
        (Integer) first.get("step"),
        (String) first.get("results_run_id"),
        (String) first.get("rules_hash"),
        Instant.parse((String) first.get("checked_at")),
        observed,
        references);
  }

  /** What the report shows of a row. */
  public static CheckLine fromRow(Row row) {
    return new CheckLine(
        row.getAs("checkpoint_id"),
        row.getAs(RULE_SET),
        row.getAs("rule"),
        row.getAs("state"),
        row.getAs("effect"),
        row.getAs("figure"),
        row.getAs("observed"),
        row.getAs("bound"),
        row.getAs("limit"),
        row.getAs("reference_of"),
        row.getAs("subject"),
        row.getAs("reason"),
        row.getAs(ACCEPTANCE),
        row.getAs("checked_at"));
  }
}
