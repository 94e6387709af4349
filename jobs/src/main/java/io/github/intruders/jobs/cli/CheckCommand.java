package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.check.CheckInput;
import io.github.intruders.check.CheckJson;
import io.github.intruders.check.CheckLines;
import io.github.intruders.check.CheckResult;
import io.github.intruders.check.Checker;
import io.github.intruders.check.JUnitXml;
import io.github.intruders.check.Reference;
import io.github.intruders.check.RuleSet;
import io.github.intruders.check.RulesDraft;
import io.github.intruders.check.RulesReader;
import io.github.intruders.check.SarifLog;
import io.github.intruders.check.Subject;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TextFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.check.CheckInputs;
import io.github.intruders.jobs.check.CheckedTables;
import io.github.intruders.jobs.check.FolderRows;
import io.github.intruders.jobs.check.SparkRows;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.listener.Listeners;
import io.github.intruders.jobs.pipeline.CheckRun;
import io.github.intruders.jobs.pipeline.ReportRun;
import io.github.intruders.jobs.pipeline.TablesRun;
import io.github.intruders.jobs.session.Build;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.jobs.store.ParquetTables;
import io.github.intruders.jobs.store.Tables;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Holds rules against the tables. */
@Command(
    name = "check",
    description =
        "Holds rules against the tables of a run and tells which checkpoints they accept. Exit code 4"
            + " when a rule of severity error is broken.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders check --init --rules rules.yaml --out results",
      "  intruders check --rules rules.yaml --out results --new --junit check.xml --sarif check.sarif"
    })
final class CheckCommand implements Callable<Integer> {
  private static final int MOST_BYTES = 4 << 20;

  @Spec private CommandSpec spec;

  @Option(names = "--rules", paramLabel = "FILE", description = "The rules, in YAML.")
  private String rules;

  @Mixin private RunFolderOptions output;
  @Mixin private ListenerOptions listeners;

  @Option(
      names = "--checkpoint",
      paramLabel = "ID",
      split = ",",
      description = "Check these alone (default: all).")
  private List<String> checkpoints = List.of();

  @Option(
      names = "--new",
      description = "Leave out what these rules have accepted already with its present results.")
  private boolean onlyNew;

  @Option(
      names = "--accept",
      paramLabel = "ID",
      split = ",",
      description = "Accept these whatever the rules say: later ones are compared with them.")
  private List<String> byHand = List.of();

  @Option(
      names = "--against",
      paramLabel = "REFERENCE",
      description =
          "What all relative rules compare with, instead of what they say: 'last accepted',"
              + " 'as-of RUN|TIME' or 'checkpoint ID'.")
  private String against;

  @Option(
      names = "--init",
      description =
          "Draft rules from what the checkpoints of --out are like, write them to --rules, or to"
              + " standard output, and check nothing.")
  private boolean init;

  @Option(names = "--junit", paramLabel = "FILE", description = "Write the result as JUnit XML.")
  private String junit;

  @Option(names = "--sarif", paramLabel = "FILE", description = "Write the result as SARIF 2.1.0.")
  private String sarif;

  @Option(names = "--report", description = "Draw the report again, with the result in it.")
  private boolean report;

  @Option(
      names = "--dry-run",
      description = "Keep nothing: the tables and what is accepted stay as they are.")
  private boolean dryRun;

  @Mixin private JsonOption json;

  @Override
  public Integer call() throws IOException {
    if (rules == null && !init) {
      throw new ParameterException(
          spec.commandLine(), "Missing rules: give --rules, or --init to write some");
    }
    if (dryRun && (report || !byHand.isEmpty())) {
      throw new ParameterException(
          spec.commandLine(), "With --dry-run nothing is kept: leave out --accept and --report");
    }
    Storage storage = DriverStorage.open();
    TablePlace place = output.tables(storage);
    if (init) {
      return draft(place, storage);
    }
    RuleSet read = read(storage);
    Listeners told = dryRun ? Listeners.NONE : listeners.open();
    Optional<CheckInput> small = withoutSpark(read, place, storage);
    if (small.isPresent() && dryRun) {
      return tell(check(read, small.get()), storage);
    }
    try (SparkSession spark = SparkSessions.open("check")) {
      Tables stored = Tables.in(place, spark, storage);
      CheckRun run = new CheckRun(spark, stored);
      TablesRun telling = new TablesRun(spark, stored, place, storage, told);
      CheckResult result =
          telling.told(
              "check",
              findings -> {
                CheckResult held = check(read, small.isPresent() ? small.get() : run.read(read));
                findings.checked(held);
                if (!dryRun) {
                  run.write(held, telling.runId());
                }
                if (report) {
                  String page = new ReportRun(spark, stored, storage).write(output.uri(storage));
                  findings.drew(page);
                  System.err.println(page);
                }
                return held;
              });
      return tell(result, storage);
    }
  }

  private RuleSet read(Storage storage) throws IOException {
    String uri = storage.qualify(rules);
    RuleSet read = RulesReader.read(uri, text(storage, uri), CheckedTables.ALL);
    if (against == null) {
      return read;
    }
    return read.against(
        Reference.parse(against)
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(),
                        "Invalid value for option '--against': expected %s but was '%s'"
                            .formatted(Reference.EXPECTED, against))));
  }

  private static String text(Storage storage, String uri) throws IOException {
    try {
      return TextFile.read(storage, uri, MOST_BYTES, RejectCode.RULES_INVALID);
    } catch (FileNotFoundException e) {
      throw UserInputException.inFile(RejectCode.NOT_FOUND, uri, "There is no such file of rules");
    }
  }

  private int draft(TablePlace place, Storage storage) throws IOException {
    String uri = rules == null ? null : storage.qualify(rules);
    if (uri != null && storage.exists(uri)) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID, uri, "There is such a file already; name another");
    }
    String drafted = RulesDraft.of(fleet(place, storage));
    if (uri == null) {
      System.out.print(drafted);
    } else {
      storage.write(uri, stream -> stream.write(drafted.getBytes(StandardCharsets.UTF_8)));
      System.out.println(uri);
    }
    return Main.DONE;
  }

  private static List<Subject> fleet(TablePlace place, Storage storage) throws IOException {
    Optional<FolderRows> rows = small(place, storage, Set.of(Subject.TABLE));
    if (rows.isPresent()) {
      return CheckInputs.subjects(rows.get());
    }
    try (SparkSession spark = SparkSessions.open("check")) {
      return CheckInputs.subjects(new SparkRows(Tables.in(place, spark, storage)));
    }
  }

  private static Optional<CheckInput> withoutSpark(RuleSet rules, TablePlace place, Storage storage)
      throws IOException {
    if (!rules.versions().isEmpty()) {
      return Optional.empty();
    }
    Optional<FolderRows> rows = small(place, storage, CheckInputs.tables(rules));
    return rows.isPresent()
        ? Optional.of(CheckInputs.read(rules, rows.get(), Map.of()))
        : Optional.empty();
  }

  /** Tables that need no Spark; empty if one of them does. */
  private static Optional<FolderRows> small(TablePlace place, Storage storage, Set<String> tables)
      throws IOException {
    if (!(place instanceof TablePlace.Folder folder)) {
      return Optional.empty();
    }
    ParquetTables.folder(storage, folder.outUri(), Subject.TABLE); // or says that it is not there
    return FolderRows.read(storage, folder.outUri(), tables);
  }

  private CheckResult check(RuleSet read, CheckInput input) {
    return Checker.check(
        read,
        input,
        new Checker.Choice(Set.copyOf(checkpoints), onlyNew, Set.copyOf(byHand)),
        Instant.now());
  }

  private int tell(CheckResult result, Storage storage) throws IOException {
    if (junit != null) {
      storage.write(storage.qualify(junit), stream -> JUnitXml.write(result, stream));
    }
    if (sarif != null) {
      String log =
          JsonMapper.builder()
              .build()
              .writerWithDefaultPrettyPrinter()
              .writeValueAsString(SarifLog.of(result, rules, Build.version()));
      storage.write(
          storage.qualify(sarif), stream -> stream.write(log.getBytes(StandardCharsets.UTF_8)));
    }
    int exitCode = result.refused().isEmpty() ? Main.DONE : Main.RULE_BROKEN;
    if (json.isAsked()) {
      ObjectNode line = CheckJson.of(result);
      line.put("exit_code", exitCode);
      CheckLines.of(result).forEach(System.err::println);
      System.out.println(JsonMapper.builder().build().writeValueAsString(line));
    } else {
      CheckLines.of(result).forEach(System.out::println);
    }
    return exitCode;
  }
}
