package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.jobs.show.ShownTable;
import io.github.intruders.jobs.store.ParquetTables;
import io.github.intruders.jobs.store.TableReader;
import io.github.intruders.jobs.store.Tables;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints a table. */
@Command(
    name = "show",
    description = "Prints a table of a run.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders show checkpoints --out results",
      "  intruders show singular_vectors --where \"is_intruder AND layer = 3\" --limit 50",
      "  intruders show matrices --format csv --limit 0 > matrices.csv",
      "  intruders show checkpoints --catalog lake --as-of 2026-01-31T06:00:00Z \\",
      "      -- --load-spark-defaults --properties-file conf/iceberg/local.conf"
    })
final class ShowCommand implements Callable<Integer> {
  /** How rows are printed. */
  enum Format {
    TABLE,
    CSV,
    JSON
  }

  @Parameters(
      paramLabel = "TABLE",
      description =
          "Such as checkpoints (least to most forgetting expected), matrices, singular_vectors,"
              + " similarity, metrics, forgetting, rejects.")
  private String table;

  @Mixin private RunFolderOptions output;
  @Mixin private HistoryOptions history;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table, csv or json (default: ${DEFAULT-VALUE}).")
  private Format format;

  @Option(names = "--where", paramLabel = "SQL", description = "A condition on the columns.")
  private String where;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "At most so many rows, 0 for all (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Override
  public Integer call() throws IOException {
    if (limit < 0) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID, "Cannot use --limit %d: expected 0 or more".formatted(limit));
    }
    Storage storage = DriverStorage.open();
    TablePrinter printer = new TablePrinter(format, System.out);
    TablePlace place = output.tables(storage);
    if (place instanceof TablePlace.Folder folder && canDoWithoutSpark()) {
      Optional<ShownTable> shown =
          ShownTable.read(
              storage, ParquetTables.folder(storage, folder.outUri(), table), table, limit);
      if (shown.isPresent()) {
        printer.print(shown.get());
        return Main.DONE;
      }
    }
    try (SparkSession spark = SparkSessions.open("show")) {
      spark.sparkContext().setJobDescription("show: " + table);
      TableReader reader = new TableReader(history.applyTo(Tables.in(place, spark, storage)));
      Dataset<Row> rows = filtered(reader.read(table));
      printer.print(rows, limit);
      return Main.DONE;
    }
  }

  private Dataset<Row> filtered(Dataset<Row> rows) {
    try {
      Dataset<Row> matching = where == null ? rows : checked(rows.where(where));
      return limit == 0 ? matching : matching.limit(limit);
    } catch (AnalysisException e) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use --where '%s': %s"
              .formatted(where, e.getMessage().strip().lines().findFirst().orElse("")));
    }
  }

  /** Spark throws this checked exception without declaring it. */
  private static Dataset<Row> checked(Dataset<Row> rows) throws AnalysisException {
    return rows;
  }

  /** Conditions are Spark's. */
  private boolean canDoWithoutSpark() {
    return where == null && !history.isGiven();
  }
}
