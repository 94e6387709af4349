package io.github.intruders.jobs.pipeline;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.report.HtmlReport;
import io.github.intruders.jobs.report.SummaryReader;
import io.github.intruders.jobs.store.Tables;
import java.io.IOException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Draws the report of the tables of earlier runs. */
public final class ReportRun {
  private final SparkSession spark;
  private final Tables tables;
  private final Storage storage;

  public ReportRun(SparkSession spark, Tables tables, Storage storage) {
    this.spark = spark;
    this.tables = tables;
    this.storage = storage;
  }

  /**
   * Writes {@code OUT/report/index.html}.
   *
   * @return where the page lies
   * @throws io.github.intruders.input.UserInputException if no scan has written tables
   */
  public String write(String outUri) throws IOException {
    return HtmlReport.write(
        new ReportInputs(JavaSparkContext.fromSparkContext(spark.sparkContext()), tables)
            .ofTables(SummaryReader.withoutLists(storage, outUri)),
        storage,
        outUri);
  }
}
