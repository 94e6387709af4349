package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.diff.Change;
import io.github.intruders.diff.TableDiff;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.check.ComparedTable;
import io.github.intruders.jobs.check.FolderRows;
import io.github.intruders.jobs.check.SparkRows;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.jobs.show.ShownTable;
import io.github.intruders.jobs.store.ParquetTables;
import io.github.intruders.jobs.store.Tables;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells what changed. */
@Command(
    name = "diff",
    description = "Prints what changed in a table between two runs or two states of a catalog.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders diff results-of-may results-of-june --tolerance 0.01",
      "  intruders diff 2026-01-31T06:00:00Z --catalog lake --table matrices --column intruder_count"
    })
final class DiffCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "BEFORE",
      description = "An output folder; with --catalog a run's id or a time in UTC.")
  private String before;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "AFTER",
      description = "The same; with --catalog may be left out: as the tables are now.")
  private String after;

  @Mixin private TableOptions tables;

  @Option(
      names = "--table",
      paramLabel = "NAME",
      defaultValue = "checkpoints",
      description = "Which table (default: ${DEFAULT-VALUE}).")
  private String table;

  @Option(
      names = "--column",
      paramLabel = "NAME",
      split = ",",
      description = "Compare these columns alone (default: all but run_id and elapsed_millis).")
  private List<String> columns = List.of();

  @Option(
      names = "--tolerance",
      paramLabel = "SHARE",
      defaultValue = "0",
      description =
          "Numbers that differ by at most this part of the larger one are the same (default:"
              + " ${DEFAULT-VALUE}).")
  private double tolerance;

  @Option(
      names = "--format",
      defaultValue = "table",
      description = "table, csv or json (default: ${DEFAULT-VALUE}).")
  private ShowCommand.Format format;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "100",
      description = "At most so many changes, 0 for all (default: ${DEFAULT-VALUE}).")
  private int limit;

  /** A table in both states. */
  private record States(List<Map<String, Object>> before, List<Map<String, Object>> after) {}

  @Override
  public Integer call() throws IOException {
    if (!(tolerance >= 0 && tolerance < 1)) {
      throw invalid("--tolerance " + tolerance, "a number from 0, below 1");
    }
    if (limit < 0) {
      throw invalid("--limit " + limit, "0 or more");
    }
    Storage storage = DriverStorage.open();
    TablePlace place = tables.in(storage.qualify(before));
    if (place instanceof TablePlace.Folder && after == null) {
      throw new ParameterException(spec.commandLine(), "Missing AFTER: another output folder");
    }
    States states =
        place instanceof TablePlace.Folder folder
            ? folders(storage, folder.outUri(), storage.qualify(after))
            : catalog(storage, place);
    ComparedTable compared = ComparedTable.of(table, states.before(), states.after());
    TableDiff diff =
        TableDiff.of(
            states.before(),
            states.after(),
            new TableDiff.Question(compared.key(), chosen(compared), tolerance));
    new TablePrinter(format, System.out).print(shown(compared, diff));
    System.err.printf(
        Locale.ROOT,
        "%s: %d rows added, %d gone, %d changed, %d the same%n",
        table,
        diff.count(Change.Kind.ADDED),
        diff.count(Change.Kind.GONE),
        diff.different(),
        diff.same());
    return Main.DONE;
  }

  private static UserInputException invalid(String given, String expected) {
    return UserInputException.of(
        RejectCode.SETTING_INVALID, "Cannot use %s: expected %s".formatted(given, expected));
  }

  private List<String> chosen(ComparedTable compared) {
    for (String column : columns) {
      if (!compared.columns().contains(column)) {
        throw invalid("--column '%s'".formatted(column), "one of " + compared.columns());
      }
    }
    return columns.isEmpty() ? compared.columns() : columns;
  }

  private States folders(Storage storage, String old, String now) throws IOException {
    ParquetTables.folder(storage, old, table); // or says that it is not there
    ParquetTables.folder(storage, now, table);
    Optional<FolderRows> first = FolderRows.read(storage, old, List.of(table));
    Optional<FolderRows> second = FolderRows.read(storage, now, List.of(table));
    if (first.isPresent() && second.isPresent()) {
      return new States(first.get().all(table), second.get().all(table));
    }
    try (SparkSession spark = SparkSessions.open("diff")) {
      return new States(
          rows(Tables.in(new TablePlace.Folder(old), spark, storage)),
          rows(Tables.in(new TablePlace.Folder(now), spark, storage)));
    }
  }

  private States catalog(Storage storage, TablePlace place) throws IOException {
    try (SparkSession spark = SparkSessions.open("diff")) {
      Tables now = Tables.in(place, spark, storage);
      return new States(rows(now.asOf(before)), rows(after == null ? now : now.asOf(after)));
    }
  }

  private List<Map<String, Object>> rows(Tables of) throws IOException {
    return new SparkRows(of).all(table);
  }

  private ShownTable shown(ComparedTable compared, TableDiff diff) {
    List<String> names = new ArrayList<>(List.of("change"));
    names.addAll(compared.key());
    names.addAll(List.of("column", "before", "after", "relative"));
    return new ShownTable(
        names,
        diff.changes().stream()
            .limit(limit == 0 ? Long.MAX_VALUE : limit)
            .map(change -> row(compared, change))
            .toList());
  }

  private static Map<String, Object> row(ComparedTable compared, Change change) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("change", change.kind().name().toLowerCase(Locale.ROOT));
    for (int i = 0; i < compared.key().size(); i++) {
      put(row, compared.key().get(i), change.key().get(i));
    }
    put(row, "column", change.column());
    put(row, "before", change.before());
    put(row, "after", change.after());
    put(row, "relative", change.relative());
    return row;
  }

  private static void put(Map<String, Object> row, String column, Object value) {
    if (value != null) {
      row.put(column, value);
    }
  }
}
