package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.table.ForgettingTable;
import io.github.intruders.jobs.table.MetricsTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.Matrix;
import org.apache.spark.ml.stat.Correlation;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Forgetting on the zoo, from the scan to the tables, and what goes wrong with metrics. */
@ExtendWith({LocalMaster.class, ZooRun.Shared.class})
class ForgettingCommandTest {
  private static final String LOSS = "metric = 'loss_english' AND measure = 'intruder_count'";

  @TempDir private static Path temporary;
  private static Path zooRun;
  private static Outcome zooOutcome;

  @BeforeAll
  static void readTheZoosRun(ZooRun run) {
    zooRun = run.out();
    zooOutcome = run.outcome();
  }

  private static String zoo(String path) {
    return System.getProperty("zoo") + "/" + path;
  }

  private static Row line(String grouping, String method, String pValueMethod) {
    List<Row> rows =
        TableRows.table(zooRun, "forgetting")
            .where(LOSS)
            .where("grouping = '" + grouping + "' AND method = '" + method + "'")
            .where("p_value_method = '" + pValueMethod + "'")
            .collectAsList();
    assertThat(rows).hasSize(1);
    return rows.get(0);
  }

  @Test
  void intrudersGoWithForgettingOnTheZooAsScipySaysAndNumpysIntervals() throws Exception {
    assertThat(zooOutcome.exitCode()).as(zooOutcome.err()).isZero();
    JsonNode golden = golden("statistics").path("data_sets");
    Map.of("all", "zoo-all", "method=lora", "zoo-lora")
        .forEach(
            (grouping, name) -> {
              JsonNode expected = golden.path(name);
              Row spearman = line(grouping, "spearman", "t");
              assertClose(spearman, "rho", expected.at("/spearman/rho"));
              assertClose(spearman, "p_value", expected.at("/spearman/p"));
              assertClose(spearman, "ci_low", expected.at("/bootstrap/spearman/0"));
              assertClose(spearman, "ci_high", expected.at("/bootstrap/spearman/1"));
              Row kendall = line(grouping, "kendall", "asymptotic");
              assertClose(kendall, "rho", expected.at("/kendall/tau_b"));
              assertClose(kendall, "p_value", expected.at("/kendall/p"));
              assertClose(kendall, "ci_low", expected.at("/bootstrap/kendall/0"));
            });
  }

  private static void assertClose(Row row, String column, JsonNode expected) {
    assertThat(expected.isNumber()).isTrue();
    assertThat(row.<Double>getAs(column)).as(column).isCloseTo(expected.asDouble(), within(1e-9));
  }

  @Test
  void theZoosPublishedFiguresStandInTheTable() {
    Row all = line("all", "spearman", "t");
    assertThat(all.<Integer>getAs("n")).isEqualTo(16);
    assertThat(all.<Double>getAs("rho")).isCloseTo(0.728, within(5e-4));
    assertThat(all.<Double>getAs("p_value")).isCloseTo(0.0014, within(5e-5));
    Row lora = line("method=lora", "spearman", "t");
    assertThat(lora.<Integer>getAs("n")).isEqualTo(12);
    assertThat(lora.<Double>getAs("rho")).isCloseTo(0.876, within(5e-4));
    assertThat(lora.<Double>getAs("p_value")).isCloseTo(0.0002, within(5e-5));
  }

  @Test
  void everyGroupingMeasureAndKindOfPValueHasItsRows() {
    Dataset<Row> table = TableRows.table(zooRun, "forgetting");
    assertThat(table.columns()).containsExactly(ForgettingTable.TABLE.stored().fieldNames());
    List<String> groupings =
        List.of(
            "all",
            "last-step",
            "method=full",
            "method=lora",
            "sequence=full",
            "sequence=lora-r1",
            "sequence=lora-r32",
            "sequence=lora-r8");
    assertThat(strings(table.select("grouping"))).containsExactlyElementsOf(groupings);
    assertThat(strings(table.select("measure")))
        .containsExactly(
            "intruder_count",
            "intruder_energy_share",
            "update_effective_rank",
            "update_mass",
            "update_relative_norm",
            "update_stable_rank");
    assertThat(table.select("metric", "measure", "grouping", "method").distinct().count())
        .isEqualTo(5L * 6 * 2 * groupings.size());
    assertThat(table.where("isnan(rho) OR isnan(p_value) OR (rho IS NULL) = (reason IS NULL)"))
        .matches(Dataset::isEmpty);
    assertThat(line("sequence=lora-r1", "spearman", "exact").<Integer>getAs("n")).isEqualTo(4);
  }

  @Test
  void theMetricsTableHoldsTheJoinedData() {
    Dataset<Row> table = TableRows.table(zooRun, "metrics");
    assertThat(table.columns()).containsExactly(MetricsTable.TABLE.stored().fieldNames());
    assertThat(table.count()).isEqualTo(16 * 5);
    Row row = table.where("checkpoint_id = 'full/1-python' AND metric = 'loss_english'").first();
    assertThat(row.<Double>getAs("value")).isEqualTo(1.65224);
    assertThat(row.<Double>getAs("base_value")).isEqualTo(1.14402);
    assertThat(row.<Double>getAs("forgetting")).isCloseTo(0.50822, within(1e-12));
    assertThat(row.<Boolean>getAs("lower_is_better")).isTrue();
  }

  @Test
  void mllibAgreesOnSpearmansRho() {
    Dataset<Row> joined =
        TableRows.table(zooRun, "metrics")
            .where("metric = 'loss_english'")
            .join(TableRows.table(zooRun, "checkpoints"), "checkpoint_id");
    Dataset<Row> vectors =
        new VectorAssembler()
            .setInputCols(new String[] {"intruder_count", "forgetting"})
            .setOutputCol("features")
            .transform(joined);
    Matrix matrix = Correlation.corr(vectors, "features", "spearman").first().getAs(0);

    assertThat(matrix.apply(0, 1))
        .isCloseTo(line("all", "spearman", "t").<Double>getAs("rho"), within(1e-9));
  }

  /** Regressions on logarithms go by measures to six digits, those on ranks by their order. */
  @Test
  void theLadderStandsInTheTableAsStatsmodelsSays() throws Exception {
    JsonNode golden = golden("forgetting").at("/data_sets/zoo-english");
    for (JsonNode one : golden.path("observations")) {
      Row row =
          TableRows.table(zooRun, "checkpoints")
              .where("checkpoint_id = '%s'".formatted(one.path("checkpoint").asText()))
              .first();
      for (String measure : List.of("update_stable_rank", "update_mass", "update_relative_norm")) {
        double expected = one.at("/measures/" + measure).asDouble();
        assertThat(row.<Double>getAs(measure))
            .as(measure)
            .isCloseTo(expected, within(1e-6 * expected));
      }
    }
    Map<String, Row> table = new TreeMap<>();
    for (Row row :
        TableRows.table(zooRun, "forgetting_ladder")
            .where("metric = 'loss_english' AND grouping = 'all'")
            .collectAsList()) {
      table.put(
          row.getAs("scale") + " " + row.getAs("rung") + row.getList(row.fieldIndex("measures")),
          row);
    }
    assertThat(table).hasSize(golden.path("rungs").size());
    for (JsonNode rung : golden.path("rungs")) {
      List<String> measures = new ArrayList<>();
      rung.path("measures").forEach(measure -> measures.add(measure.asText()));
      Row row = table.get(rung.path("scale").asText() + " " + rung.path("rung") + measures);
      assertThat(row.<Integer>getAs("n")).isEqualTo(16);
      assertThat(row.<Integer>getAs("clusters")).isEqualTo(4);
      assertNear(row, "r2", rung.path("r2"));
      assertNear(row, "r2_gain", rung.path("gain"));
      assertNear(row, "partial_rho", rung.path("partial"));
      assertNear(row, "p_value_holm", rung.path("p_holm"));
      assertNear(row, "gain_high", rung.at("/cluster/gain/ends/1"));
      assertNear(row, "gain_plain_low", rung.at("/plain/gain/ends/0"));
    }
  }

  private static void assertNear(Row row, String column, JsonNode expected) {
    if (expected.isNull()) {
      assertThat(row.<Double>getAs(column)).as(column).isNull();
    } else {
      assertThat(row.<Double>getAs(column)).as(column).isCloseTo(expected.asDouble(), within(1e-4));
    }
  }

  private static JsonNode golden(String name) throws IOException {
    return new ObjectMapper()
        .readTree(
            Path.of(zoo("../../src/test/resources/golden/" + name + ".json")).normalize().toFile());
  }

  @Test
  void theTaskMatrixOfEachSequenceStandsInTheTableAsNumpySays() throws Exception {
    for (String sequence : List.of("full", "lora-r1", "lora-r8", "lora-r32")) {
      JsonNode cells = golden("transfer").path("zoo-" + sequence).path("cells");
      Dataset<Row> table =
          TableRows.table(zooRun, "transfer").where("sequence = '%s'".formatted(sequence));
      assertThat(table.count()).isEqualTo(cells.size()).isEqualTo(4 * 5);
      Map<String, Row> rows = new TreeMap<>();
      table
          .collectAsList()
          .forEach(row -> rows.put(row.getAs("step") + row.<String>getAs("metric"), row));
      for (JsonNode cell : cells) {
        Row row = rows.get(cell.path("step").asInt() + cell.path("metric").asText());
        for (String column :
            List.of(
                "forgetting_from_best", "transfer", "average_forgetting", "backward_transfer")) {
          assertNear(row, column, cell.path(column));
        }
      }
    }
  }

  @Test
  void theReportSaysInWordsWhatTheLadderFound() throws Exception {
    assertThat(Files.readString(zooRun.resolve("report/index.html")))
        .contains(
            "On these 16 checkpoints of 4 sequences the intruder count adds nothing that shows once the size of the update is known");
  }

  @Test
  void theSummaryAndTheConsoleTellTheCorrelationsAndTheRanking() throws Exception {
    assertThat(zooOutcome.out())
        .contains("Forgetting: Spearman's rho over all checkpoints, the strongest;")
        .contains("Rank: from least (1) to most forgetting expected, by the weights alone")
        .containsPattern("full/1-python +28 +0 +0.0% +11.9% +1 *\n");
    JsonNode summary = new ObjectMapper().readTree(zooRun.resolve("_summary.json").toFile());
    assertThat(summary.path("forgetting")).hasSize(5 * 6);
    List<String> ranked = new ArrayList<>();
    int place = 0;
    for (JsonNode checkpoint : summary.path("ranking")) {
      ranked.add(checkpoint.path("checkpoint_id").asText());
      assertThat(checkpoint.path("place").asInt()).isGreaterThanOrEqualTo(place);
      place = checkpoint.path("place").asInt();
      assertThat(checkpoint.path("intruder_count").isInt()).isTrue();
    }
    assertThat(ranked).hasSize(16).startsWith("full/1-python");
    Outcome shown =
        Outcome.of(
            "show", "checkpoints", "--out", zooRun.toString(), "--format", "csv", "--limit", "0");
    assertThat(shown.out().lines().skip(1).map(line -> line.split(",", 2)[0]))
        .containsExactlyElementsOf(ranked);
  }

  @Test
  void metricsFilesInFoldersOfEveryKindAreJoined() throws IOException {
    Path metrics = temporary.resolve("kinds");
    write(metrics.resolve("a.csv"), "checkpoint,metric,value\nbase,ppl,2\nfull/1-python,ppl,3\n");
    write(
        metrics.resolve("b.json"),
        "{\"full/2-c\": {\"ppl\": 5}, \"full/3-javascript\": {\"ppl\": 4}}");
    String results =
        "{\"results\": {\"arc\": {\"acc,none\": %s}}, \"config\": {},"
            + " \"higher_is_better\": {\"arc\": {\"acc\": true}}}";
    write(metrics.resolve("base/results_1.json"), results.formatted("0.75"));
    write(metrics.resolve("full__2-c/results_1.json"), results.formatted("0.5"));

    Outcome outcome =
        Outcome.of(
            "forgetting",
            "--manifest",
            zoo("manifest.yaml"),
            "--out",
            copyOfScan("kinds-out").toString(),
            "--metrics",
            metrics.toString());

    assertThat(outcome.exitCode()).as(outcome.err() + outcome.out()).isZero();
    Map<String, Double> forgetting = new TreeMap<>();
    for (Row row : TableRows.table(temporary.resolve("kinds-out"), "metrics").collectAsList()) {
      forgetting.put(
          row.<String>getAs("checkpoint_id") + " " + row.<String>getAs("metric"),
          row.getAs("forgetting"));
    }
    assertThat(forgetting)
        .isEqualTo(
            Map.of(
                "full/1-python ppl", 1.0,
                "full/2-c ppl", 3.0,
                "full/3-javascript ppl", 2.0,
                "full/2-c arc/acc", 0.25));
    Row accuracy =
        TableRows.table(temporary.resolve("kinds-out"), "forgetting")
            .where("metric = 'arc/acc' AND grouping = 'all' AND method = 'spearman'")
            .first();
    assertThat(accuracy.<Double>getAs("rho")).isNull();
    assertThat(accuracy.<String>getAs("reason")).isEqualTo("n = 1, at least 3 needed");
    assertThat(outcome.out()).contains("n = 1, at least 3 needed");
  }

  /** Edits that were evaluated are held against the model they were made from. */
  @Test
  void evaluatedEditsAreToldInPercentOfTheModelBeforeTheEdit() throws IOException {
    Path out = copyOfScan("edits-out");
    Path manifest = temporary.resolve("edits.yaml");
    String edit = "  - {id: %s, uri: %s}%n";
    String text =
        "base: {id: base, uri: %s}%ncheckpoints:%n  - {id: full/1-python, uri: %s, sequence: full, step: 1, task: python}%n"
            .formatted(zoo("base"), zoo("full/1-python"));
    write(
        manifest,
        text
            + edit.formatted("full/1-python/top-l1.5", zoo("full/2-c"))
            + edit.formatted("mitigated/full/1-python/shrink-l0", zoo("full/2-c"))
            + edit.formatted("full/1-python/top-secret", zoo("full/2-c"))
            + edit.formatted("gone/all-l0.5", zoo("full/2-c")));
    Path metrics = temporary.resolve("edits.csv");
    write(
        metrics,
        """
        checkpoint,metric,value
        base,acc_python,0.25
        base,wiki_ppl,8
        full/1-python,acc_python,0.8
        full/1-python,wiki_ppl,10
        full/1-python/top-l1.5,acc_python,0.6
        full/1-python/top-l1.5,wiki_ppl,12.5
        mitigated/full/1-python/shrink-l0,wiki_ppl,8
        full/1-python/top-secret,wiki_ppl,8
        gone/all-l0.5,wiki_ppl,9
        """);
    String[] args = {
      "forgetting",
      "--manifest",
      manifest.toString(),
      "--out",
      out.toString(),
      "--metrics",
      metrics.toString(),
      "--allow-rejects" // the edits were not scanned
    };

    Outcome outcome = Outcome.of(args);

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(
            TableRows.table(out, "mitigation_effects")
                .selectExpr(
                    "concat_ws(' ', checkpoint_id, variant, lambda, metric, role, value,"
                        + " coalesce(string(unedited_value), 'null'), base_value,"
                        + " coalesce(string(round(change, 9)), 'null'),"
                        + " coalesce(string(round(change_percent, 9)), 'null'))")
                .collectAsList())
        .extracting(row -> row.getString(0))
        .containsExactlyInAnyOrder(
            "full/1-python unedited 1.0 acc_python target 0.8 0.8 0.25 0.0 0.0",
            "full/1-python top-l1.5 1.5 acc_python target 0.6 0.8 0.25 -0.2 -25.0",
            "full/1-python unedited 1.0 wiki_ppl pretraining 10.0 10.0 8.0 0.0 0.0",
            "full/1-python top-l1.5 1.5 wiki_ppl pretraining 12.5 10.0 8.0 2.5 25.0",
            "full/1-python shrink-l0 0.0 wiki_ppl pretraining 8.0 10.0 8.0 -2.0 -20.0",
            "gone all-l0.5 0.5 wiki_ppl pretraining 9.0 null 8.0 null null");

    write(manifest, text);
    write(metrics, "checkpoint,metric,value\nbase,wiki_ppl,8\nfull/1-python,wiki_ppl,10\n");
    assertThat(Outcome.of(args).exitCode()).isZero();
    assertThat(strings(TableRows.table(out, "mitigation_effects").select("checkpoint_id")))
        .containsExactly("gone");
  }

  @Test
  void brokenMetricsAreRejectedAndMendedOnesForgiven() throws IOException {
    Path out = copyOfScan("broken-out");
    Path file = temporary.resolve("broken.csv");
    write(
        file,
        """
        checkpoint,metric,value
        base,loss,1
        full/1-python,loss,2
        full/1-python,loss,NaN
        full/9-rust,loss,3
        base,vibes,3
        full/2-c,vibes,4
        full/2-c,acc,4
        """);
    String[] args = {
      "forgetting",
      "--manifest",
      zoo("manifest.yaml"),
      "--out",
      out.toString(),
      "--metrics",
      file + "," + temporary.resolve("nowhere.json")
    };

    Outcome outcome = Outcome.of(args);

    assertThat(outcome.exitCode()).isEqualTo(3);
    assertThat(outcome.out()).contains("Left out: 5;");
    String name = "[file:" + file + "] ";
    assertThat(strings(TableRows.table(out, "rejects").select("message")))
        .containsExactly(
            "Metric 'vibes': its name does not tell whether more is better; say --lower-is-better vibes or --higher-is-better vibes",
            name + "Metric 'acc' has no usable value of the base 'base'",
            name + "line 4: metric loss: expected a finite number, found 'NaN'",
            name + "line 5: 'full/9-rust' is no checkpoint of the manifest, nor the base 'base'",
            "[file:%s/nowhere.json] There are no such metrics".formatted(temporary));
    assertThat(strings(TableRows.table(out, "rejects").select("code")))
        .containsExactly("METRIC_INVALID");
    assertThat(TableRows.table(out, "metrics").count()).isEqualTo(1);

    write(file, "checkpoint,metric,value\nbase,vibes,3\nfull/2-c,vibes,4\n");
    Outcome mended =
        Outcome.of(
            "forgetting",
            "--manifest",
            zoo("manifest.yaml"),
            "--out",
            out.toString(),
            "--metrics",
            file.toString(),
            "--higher-is-better",
            "vibes");

    assertThat(mended.exitCode()).as(mended.err() + mended.out()).isZero();
    assertThat(TableRows.table(out, "rejects").count()).isZero();
    assertThat(TableRows.table(out, "metrics").first().<Double>getAs("forgetting")).isEqualTo(-1.0);
    assertThat(strings(TableRows.table(out, "forgetting").select("metric")))
        .containsExactly("vibes");
  }

  @Test
  void metricsThatCanNotBeUsedAtAllEndForgettingWithTwoButNotARun() throws IOException {
    Path broken = temporary.resolve("all-broken.json");
    write(broken, "{\"base\":");
    Path manifest = temporary.resolve("one.yaml");
    write(
        manifest,
        "base: {id: base, uri: %1$s}%ncheckpoints:%n  - {id: a, uri: %2$s}%nmetrics: %3$s%n"
            .formatted(zoo("base"), zoo("lora-r1/1-python"), broken));
    Path out = temporary.resolve("one-out");

    Outcome whole =
        Outcome.of(
            "run",
            "--manifest",
            manifest.toString(),
            "--out",
            out.toString(),
            "--include",
            "layers\\.0\\.mlp");
    assertThat(whole.exitCode()).as(whole.err()).isEqualTo(3);
    assertThat(TableRows.table(out, "matrices").count()).isEqualTo(3);
    assertThat(strings(TableRows.table(out, "rejects").select("message")))
        .singleElement()
        .asString()
        .startsWith("[file:%s] Not valid JSON".formatted(broken));
    assertThat(TableRows.table(out, "forgetting").count()).isZero();

    Outcome alone =
        Outcome.of("forgetting", "--manifest", manifest.toString(), "--out", out.toString());
    assertThat(alone.exitCode()).isEqualTo(2);
    assertThat(alone.err())
        .contains(
            "No metric can be used; the first reason: [file:%s] Not valid JSON".formatted(broken));
  }

  @Test
  void theRejectsOfTheScanStay() throws IOException {
    Path manifest = temporary.resolve("two.yaml");
    Path metrics = temporary.resolve("two.csv");
    write(metrics, "checkpoint,metric,value\nbase,loss,1\na,loss,2\nmissing,loss,x\n");
    write(
        manifest,
        "base: {id: base, uri: %1$s}%ncheckpoints:%n  - {id: a, uri: %2$s}%n  - {id: missing, uri: nowhere}%nmetrics: two.csv%n"
            .formatted(zoo("base"), zoo("lora-r1/1-python")));
    Path out = temporary.resolve("two-out");
    Outcome.of(
        "run",
        "--manifest",
        manifest.toString(),
        "--out",
        out.toString(),
        "--include",
        "layers\\.0\\.mlp");

    assertThat(strings(TableRows.table(out, "rejects").select("code")))
        .containsExactly("METRIC_INVALID", "NOT_FOUND");
    write(metrics, "checkpoint,metric,value\nbase,loss,1\na,loss,2\n");
    Outcome mended =
        Outcome.of("forgetting", "--manifest", manifest.toString(), "--out", out.toString());

    assertThat(mended.exitCode()).as(mended.err()).isZero();
    assertThat(strings(TableRows.table(out, "rejects").select("code")))
        .containsExactly("NOT_FOUND");
  }

  @Test
  void aCheckpointWithMetricsThatWasNotScannedIsNamed() throws IOException {
    Path manifest = temporary.resolve("new.yaml");
    write(temporary.resolve("new.csv"), "checkpoint,metric,value\nbase,loss,1\nnew,loss,2\n");
    write(
        manifest,
        "base: {id: base, uri: b}%ncheckpoints:%n  - {id: new, uri: n}%nmetrics: new.csv%n"
            .formatted());
    Path out = copyOfScan("new-out");
    String[] args = {"forgetting", "--manifest", manifest.toString(), "--out", out.toString()};

    assertThat(Outcome.of(args).exitCode()).isEqualTo(3);
    assertThat(strings(TableRows.table(out, "rejects").select("message")))
        .containsExactly(
            "Checkpoint new has metrics but was not scanned against base base; run scan first");
    assertThat(TableRows.table(out, "metrics").count()).isEqualTo(1);
    assertThat(TableRows.table(out, "forgetting").count()).isZero();

    String[] strict = Arrays.copyOf(args, args.length + 2);
    strict[args.length] = "--on-error";
    strict[args.length + 1] = "fail";
    assertThat(Outcome.of(strict).exitCode()).isEqualTo(2);
  }

  @Test
  void forgettingWithoutAScanOrWithoutMetricsExitsWithTwo() throws IOException {
    Outcome without =
        Outcome.of(
            "forgetting",
            "--manifest",
            zoo("manifest.yaml"),
            "--out",
            temporary.resolve("empty").toString());
    assertThat(without.exitCode()).isEqualTo(2);
    assertThat(without.err()).contains("There is no output of a run here");

    Outcome noMetrics =
        Outcome.of(
            "forgetting",
            "--base",
            zoo("base"),
            "--tuned",
            zoo("full/1-python"),
            "--out",
            zooRun.toString());
    assertThat(noMetrics.exitCode()).isEqualTo(2);
    assertThat(noMetrics.err())
        .contains("There are no metrics: give --metrics, or the key metrics of the manifest");

    Outcome typo =
        Outcome.of(
            "forgetting",
            "--manifest",
            zoo("manifest.yaml"),
            "--out",
            copyOfScan("typo-out").toString(),
            "--lower-is-better",
            "los");
    assertThat(typo.exitCode()).isEqualTo(2);
    assertThat(typo.err()).contains("There is no metric 'los'; expected one of [loss_c, ");
  }

  /** The zoo's checkpoints table in a folder of its own. */
  private static Path copyOfScan(String name) throws IOException {
    Path out = temporary.resolve(name);
    try (Stream<Path> files = Files.walk(zooRun.resolve("checkpoints"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = out.resolve(zooRun.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
    return out;
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static List<String> strings(Dataset<Row> column) {
    return column.distinct().collectAsList().stream()
        .map(row -> row.getString(0))
        .sorted()
        .toList();
  }
}
