package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.listener.Listeners;
import io.github.intruders.jobs.pipeline.ReportRun;
import io.github.intruders.jobs.pipeline.TablesRun;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.jobs.store.Tables;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Draws the report. */
@Command(
    name = "report",
    description = "Draws the HTML report from the tables of a run: one page, no network needed.",
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  intruders report --out results"})
final class ReportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private RunFolderOptions output;
  @Mixin private HistoryOptions history;
  @Mixin private ListenerOptions listeners;

  @Override
  public Integer call() throws IOException {
    Storage storage = DriverStorage.open();
    String outUri = output.uri(storage);
    Listeners told = listeners.open();
    if (history.isGiven() && !told.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "With --as-of figures are those of an earlier state: leave out --mlflow and --openlineage");
    }
    try (SparkSession spark = SparkSessions.open("report")) {
      spark.sparkContext().setJobDescription("report: reading the tables");
      TablePlace place = output.tables(storage);
      Tables read = history.applyTo(Tables.in(place, spark, storage));
      new TablesRun(spark, read, place, storage, told)
          .told(
              "report",
              findings -> {
                String page = new ReportRun(spark, read, storage).write(outUri);
                findings.drew(page);
                System.out.println(page);
                return page;
              });
      return Main.DONE;
    }
  }
}
