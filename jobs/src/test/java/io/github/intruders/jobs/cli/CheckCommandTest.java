package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.check.CheckedTable;
import io.github.intruders.check.Figure;
import io.github.intruders.check.RuleSet;
import io.github.intruders.check.RulesReader;
import io.github.intruders.check.Tally;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.check.CheckInputs;
import io.github.intruders.jobs.check.CheckedTables;
import io.github.intruders.jobs.check.FolderRows;
import io.github.intruders.jobs.check.SparkRows;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.listener.RecordingListener;
import io.github.intruders.jobs.listener.RecordingListener.Told;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.RunStart;
import io.github.intruders.jobs.listener.WrittenTable;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.store.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileUtil;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code check} and {@code diff} over the tables of a run. */
@ExtendWith({LocalMaster.class, ZooRun.Shared.class})
class CheckCommandTest {
  @TempDir private Path temporary;

  private Path rules(String... rules) throws IOException {
    return Files.writeString(
        temporary.resolve("rules.yaml"), "rules:\n- " + String.join("\n- ", rules) + "\n");
  }

  /** The tables that rules ask for, in a folder of their own to write to. */
  private Path copy(ZooRun run, String... tables) throws IOException {
    Path out = Files.createDirectories(temporary.resolve("out"));
    for (String table : tables) {
      copyFolder(run.out().resolve(table), out.resolve(table));
    }
    return out;
  }

  private static void copyFolder(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  @Test
  void whatSparkFindsIsWhatIsFoundWithoutIt(ZooRun run) throws IOException {
    RuleSet rules =
        RulesReader.read(
            "file:/rules.yaml",
            """
            rules:
              - {id: a, table: checkpoints, column: "intruders['0.5']", max: 1}
              - {id: b, table: matrices, statistic: median, column: update_relative_norm, max: 1}
              - {id: c, table: matrices, column: intruder_count, where: {layer: {min: 2}}, max: 1}
              - {id: d, table: matrices, statistic: share, where: {module: mlp.up_proj}, max: 1}
              - {id: e, table: singular_vectors, statistic: count, where: {is_intruder: true}, max: 1}
              - {id: f, table: accumulation, column: born, max: 1}
              - {id: g, table: rejects, statistic: count, max: 0}
            """,
            CheckedTables.ALL);
    Storage storage = DriverStorage.open();
    String out = storage.qualify(run.out().toString());
    FolderRows folder = FolderRows.read(storage, out, CheckInputs.tables(rules)).orElseThrow();
    try (SparkSession spark = TableRows.session()) {
      SparkRows bySpark = new SparkRows(Tables.in(new TablePlace.Folder(out), spark, storage));
      for (Figure figure : rules.figures()) {
        CheckedTable table = CheckedTables.named(figure.table());
        Map<String, Tally> expected = folder.tallies(table, List.of(figure)).get(figure);
        Map<String, Tally> found = bySpark.tallies(table, List.of(figure)).get(figure);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach(
            (id, tally) ->
                assertThat(found.get(id).found())
                    .as("%s of %s", figure, id)
                    .isEqualTo(tally.found()));
      }
    }
  }

  @Test
  void aBrokenRuleEndsWithFourAndWhatIsAcceptedIsKept(ZooRun run) throws IOException {
    Path out = copy(run, "checkpoints");
    Path rules =
        rules(
            "{id: few, table: checkpoints, column: intruder_count, max: 20, for: {method: lora}}",
            "{id: grown, table: checkpoints, column: update_relative_norm, against: last accepted,"
                + " max_ratio: 4, unknown: info, severity: warning}",
            "{id: copies, table: mitigations, statistic: count, max: 0, unknown: warning}");

    Outcome first =
        Outcome.of(
            "check",
            "--rules",
            rules.toString(),
            "--out",
            out.toString(),
            "--junit",
            temporary.resolve("check.xml").toString(),
            "--sarif",
            temporary.resolve("check.sarif").toString(),
            "--json",
            "--openlineage");
    JsonNode told = new JsonMapper().readTree(first.out());
    listenersAreToldOf(first, out, RecordingListener.take());

    assertThat(first.exitCode()).as(first.err()).isEqualTo(4);
    assertThat(told.get("exit_code").asInt()).isEqualTo(4);
    assertThat(first.err())
        .contains(
            "error   few: checkpoints.intruder_count is 105, allowed is at most 20 (lora-r1/4-xml)")
        .contains(
            "warning copies: count of mitigations is not known: there is no table mitigations (16 checkpoints:");
    assertThat(Files.readString(temporary.resolve("check.xml")))
        .contains("<failure type=\"broken\"");
    assertThat(Files.readString(temporary.resolve("check.sarif"))).contains("\"2.1.0\"");
    List<String> rows = TableRows.of(out.resolve("checks"));
    assertThat(rows).hasSize(12 + 16 + 16);

    Outcome again =
        Outcome.of(
            "check",
            "--rules",
            rules.toString(),
            "--out",
            out.toString(),
            "--new",
            "--accept",
            "lora-r1/1-python");

    assertThat(again.exitCode()).isEqualTo(4);
    assertThat(again.out())
        .contains(
            "%d checkpoints: 1 accepted, 1 of them by hand".formatted(told.get("refused").size()));
    assertThat(TableRows.of(out.resolve("checks")))
        .hasSize(rows.size())
        .filteredOn(row -> row.contains("by hand"))
        .hasSize(3)
        .allMatch(row -> row.startsWith("checkpoint_id=lora-r1%2F1-python"));
  }

  /** Verdicts, figures as the table has them, and the table that was written. */
  private static void listenersAreToldOf(Outcome check, Path out, List<Told> told) {
    assertThat(told).as(check.err()).extracting(Told::what).containsExactly("started", "completed");
    RunStart start = told.get(1).run();
    assertThat(start.command()).isEqualTo("check");
    assertThat(start.inputs()).containsExactly("file:" + out.resolve("checkpoints"));
    RunResult result = told.get(1).result();
    assertThat(result.checked().refused()).contains("lora-r1/4-xml");
    assertThat(result.checkpoints())
        .filteredOn(one -> one.checkpointId().equals("lora-r1/4-xml"))
        .singleElement()
        .satisfies(one -> assertThat(one.intruderCount()).isEqualTo(105));
    assertThat(result.tables())
        .singleElement()
        .satisfies(
            table -> {
              assertThat(table.uri()).isEqualTo("file:" + out.resolve("checks"));
              assertThat(table.rows()).isEqualTo(12 + 16 + 16);
              assertThat(table.catalogName()).isNull();
              assertThat(table.columns()).contains(new WrittenTable.Column("rule_set", "string"));
            });
  }

  @Test
  void draftedRulesAcceptTheFleetTheyCameFromWithoutASession(ZooRun run) throws IOException {
    Path rules = temporary.resolve("drafted.yaml");
    System.setProperty("spark.master", "no-such-master");
    try {
      Outcome drafted =
          Outcome.of("check", "--init", "--rules", rules.toString(), "--out", run.out().toString());
      Outcome checked =
          Outcome.of(
              "check", "--rules", rules.toString(), "--out", run.out().toString(), "--dry-run");
      Outcome twice =
          Outcome.of("check", "--init", "--rules", rules.toString(), "--out", run.out().toString());
      Outcome unreadable =
          Outcome.of(
              "check",
              "--rules",
              rules("{id: a, table: matrix, max: 1}").toString(),
              "--out",
              run.out().toString());

      assertThat(drafted.exitCode()).as(drafted.err()).isZero();
      assertThat(checked.exitCode()).as(checked.err() + checked.out()).isZero();
      assertThat(checked.out()).contains("16 checkpoints: 16 accepted, 0 not");
      assertThat(run.out().resolve("checks")).doesNotExist();
      assertThat(twice.exitCode()).isEqualTo(2);
      assertThat(twice.err()).contains("There is such a file already; name another");
      assertThat(unreadable.exitCode()).isEqualTo(2);
      assertThat(unreadable.err())
          .contains("rules.yaml] line 2: rule a: table: found 'matrix', expected one of [");
    } finally {
      System.setProperty("spark.master", "local[2]");
    }
  }

  @Test
  void diffTellsWhatChangedBetweenTwoFolders(ZooRun run) throws IOException {
    Path out = copy(run, "checkpoints");
    FileUtil.fullyDelete(out.resolve("checkpoints/checkpoint_id=full%2F1-python").toFile());
    FileUtil.fullyDelete(out.resolve("checkpoints/checkpoint_id=full%2F3-javascript").toFile());
    Files.move(
        out.resolve("checkpoints/checkpoint_id=full%2F2-c"),
        out.resolve("checkpoints/checkpoint_id=full%2F3-javascript"));
    System.setProperty("spark.master", "no-such-master");
    try {
      Outcome diff =
          Outcome.of(
              "diff",
              run.out().toString(),
              out.toString(),
              "--column",
              "intruder_count,step",
              "--format",
              "csv");
      Outcome wrong =
          Outcome.of("diff", run.out().toString(), out.toString(), "--column", "intruder");

      assertThat(diff.exitCode()).as(diff.err()).isZero();
      assertThat(diff.out().lines())
          .contains(
              "change,checkpoint_id,column,before,after,relative",
              "gone,full/1-python,,,,",
              "gone,full/2-c,,,,")
          .anyMatch(line -> line.startsWith("changed,full/3-javascript,step,3,2,-0.33"));
      assertThat(diff.err()).contains("checkpoints: 0 rows added, 2 gone, 1 changed, 13 the same");
      assertThat(wrong.exitCode()).isEqualTo(2);
      assertThat(wrong.err()).contains("Cannot use --column 'intruder': expected one of [base_id,");
    } finally {
      System.setProperty("spark.master", "local[2]");
    }
  }

  @Test
  void whatIsAskedForWrongIsNamed() {
    assertThat(Outcome.of("check", "--out", temporary.toString()).err())
        .contains("Missing rules: give --rules, or --init to write some");
    assertThat(Outcome.of("check", "--rules", "nowhere.yaml", "--out", temporary.toString()).err())
        .contains("There is no such file of rules");
    Map<String, String> missing =
        Map.of("diff", "Missing required parameter: 'BEFORE'", "diff a", "Missing AFTER: another");
    missing.forEach(
        (line, message) -> assertThat(Outcome.of(line.split(" ", -1)).err()).contains(message));
  }
}
