package io.github.intruders.jobs.pipeline;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.check.CheckInput;
import io.github.intruders.check.CheckResult;
import io.github.intruders.check.RuleSet;
import io.github.intruders.jobs.check.CheckInputs;
import io.github.intruders.jobs.check.SparkRows;
import io.github.intruders.jobs.check.StoredRows;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.ChecksTable;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.SparkSession;

/** Reads by Spark what rules are held against, and keeps what came of it. */
public final class CheckRun {
  private final SparkSession spark;
  private final Tables tables;

  public CheckRun(SparkSession spark, Tables tables) {
    this.spark = spark;
    this.tables = tables;
  }

  /**
   * What rules are held against.
   *
   * @throws io.github.intruders.input.UserInputException if no scan has written tables, or a state
   *     of them is not kept
   */
  public CheckInput read(RuleSet rules) throws IOException {
    spark.sparkContext().setJobDescription("check: reading the tables");
    Map<String, StoredRows> then = new TreeMap<>();
    rules.versions().forEach(version -> then.put(version, new SparkRows(tables.asOf(version))));
    return CheckInputs.read(rules, new SparkRows(tables), then);
  }

  /**
   * Replaces the rows of these rules and checkpoints, but for those of the check that accepted a
   * checkpoint last.
   *
   * @param runId names the run; the rows carry it
   */
  public void write(CheckResult result, String runId) throws IOException {
    spark.sparkContext().setJobDescription("check: table checks");
    List<String> checked =
        result.checkpoints().stream()
            .filter(one -> !one.verdicts().isEmpty())
            .map(one -> one.subject().id())
            .toList();
    if (checked.isEmpty()) {
      return;
    }
    Column stale =
        col(ChecksTable.RULE_SET)
            .equalTo(result.rules().name())
            .and(col(ChecksTable.TABLE.partition()).isin(checked.toArray()))
            .and(
                col(ChecksTable.ACCEPTANCE)
                    .isNull()
                    .or(col(ChecksTable.TABLE.partition()).isin(result.accepted().toArray())));
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    try (TableChanges changes = tables.change(runId)) {
      changes.replaceWhere(
          ChecksTable.TABLE, stale, context.parallelize(ChecksTable.toRows(result), 1), checked);
      changes.commit();
    }
  }
}
