package io.github.intruders.jobs.report;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.desc;
import static org.apache.spark.sql.functions.desc_nulls_last;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.github.intruders.jobs.table.ForgettingTable;
import io.github.intruders.jobs.table.MetricsTable;
import io.github.intruders.jobs.table.MitigationsTable;
import io.github.intruders.jobs.table.TableReader;
import java.io.IOException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What the report shows of measured forgetting and of mitigation. */
final class OutcomeFigures {
  private static final int METRICS_DRAWN = 20;
  private static final int CORRELATIONS_SHOWN = 600;
  private static final int MITIGATIONS_DRAWN = 40;
  private static final int VARIANTS_SHOWN = 4000;

  private final TableReader tables;
  private final EmbeddedTables page;

  OutcomeFigures(TableReader tables, EmbeddedTables page) {
    this.tables = tables;
    this.page = page;
  }

  /**
   * Puts the tables of the stages that ran.
   *
   * @param drawn the ids of the checkpoints that are drawn
   */
  void put(Dataset<Row> drawn) throws IOException {
    if (tables.has(MetricsTable.NAME) && tables.has(ForgettingTable.NAME)) {
      putForgetting(drawn);
    }
    if (tables.has(MitigationsTable.NAME)) {
      putMitigations();
    }
  }

  /** The metrics that go with the count most closely, if there are too many. */
  private void putForgetting(Dataset<Row> drawn) throws IOException {
    Dataset<Row> correlations =
        tables
            .stored(ForgettingTable.NAME)
            .where("p_value_method IS NULL OR p_value_method = 't' OR method = 'kendall'");
    Dataset<Row> metrics =
        ReportData.local(
            tables
                .stored(MetricsTable.NAME)
                .groupBy("metric")
                .count()
                .join(
                    correlations
                        .where("grouping = 'all' AND method = 'spearman'")
                        .where("measure = 'intruder_count'")
                        .groupBy("metric")
                        .agg(max(expr("abs(rho)")).as("strength")),
                    ReportData.columns("metric"),
                    "left")
                .orderBy(desc_nulls_last("strength"), col("metric"))
                .limit(METRICS_DRAWN)
                .select("metric"));
    page.put("metrics", metrics);
    Column[] values =
        metrics.collectAsList().stream()
            .map(row -> max(when(col("metric").equalTo(row.getString(0)), col("forgetting"))))
            .toArray(Column[]::new);
    page.put(
        "forgetting",
        tables
            .stored(MetricsTable.NAME)
            .join(broadcast(drawn), ReportData.columns("checkpoint_id"), "left_semi")
            .groupBy("checkpoint_id")
            .agg(array(values).as("values"))
            .orderBy("checkpoint_id"));
    page.put(
        "correlations",
        correlations
            .join(broadcast(metrics), ReportData.columns("metric"), "left_semi")
            .select(
                "grouping",
                "metric",
                "measure",
                "method",
                "n",
                "rho",
                "p_value",
                "p_value_method",
                "ci_low",
                "ci_high",
                "incomplete",
                "reason")
            .orderBy(
                expr("grouping LIKE 'sequence=%'"),
                col("grouping"),
                desc("method"),
                col("metric"),
                col("measure"))
            .limit(CORRELATIONS_SHOWN));
  }

  /** Of the edited checkpoints that had most intruders. */
  private void putMitigations() throws IOException {
    Dataset<Row> variants =
        tables
            .stored(MitigationsTable.NAME)
            .groupBy("checkpoint_id", "variant", "lambda")
            .agg(
                sum("intruders_before").as("intruders_before"),
                sum("intruders_scaled").as("intruders_scaled"),
                sum("intruders_after").as("intruders_after"),
                expr("sqrt(sum(update_norm_before * update_norm_before))").as("update_norm_before"),
                expr("sqrt(sum(update_norm_after * update_norm_after))").as("update_norm_after"),
                max("reconstruction_error").as("reconstruction_error"));
    Dataset<Row> most =
        ReportData.local(
            variants
                .groupBy("checkpoint_id")
                .agg(max("intruders_before").as("before"))
                .orderBy(desc("before"), col("checkpoint_id"))
                .limit(MITIGATIONS_DRAWN)
                .select("checkpoint_id"));
    page.put(
        "mitigations",
        variants
            .join(broadcast(most), ReportData.columns("checkpoint_id"), "left_semi")
            .orderBy("checkpoint_id", "lambda", "variant")
            .limit(VARIANTS_SHOWN));
  }
}
