package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.listener.RecordingListener;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.WrittenTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands with {@code --catalog}: the same tables in an Iceberg catalog on local disk. */
class CatalogCommandsTest {
  private static final List<String> SETTINGS =
      List.of(
          "spark.master",
          "spark.ui.enabled",
          "spark.sql.catalog.lake",
          "spark.sql.catalog.lake.type",
          "spark.sql.catalog.lake.warehouse");

  static final List<String> TABLES =
      List.of(
          "accumulation",
          "accumulation_by_matrix",
          "checkpoints",
          "forgetting",
          "forgetting_ladder",
          "intruder_tracks",
          "matrices",
          "metrics",
          "mitigations",
          "rejects",
          "similarity",
          "singular_vectors",
          "transfer");

  @TempDir private static Path temporary;

  @BeforeAll
  static void setUp() {
    stopSession();
    System.setProperty("spark.master", "local[2]");
    System.setProperty("spark.ui.enabled", "false");
    System.setProperty("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog");
    System.setProperty("spark.sql.catalog.lake.type", "hadoop");
    System.setProperty("spark.sql.catalog.lake.warehouse", temporary.resolve("lake").toString());
  }

  @AfterAll
  static void tearDown() {
    stopSession();
    SETTINGS.forEach(System::clearProperty);
  }

  /** A session of other settings would be taken for ours, or ours for another test's. */
  private static void stopSession() {
    if (SparkSession.getDefaultSession().isDefined()) {
      SparkSession.getDefaultSession().get().stop();
    }
  }

  @Test
  void aCatalogHoldsTheSameRowsAsParquet() {
    String manifest = System.getProperty("zoo") + "/manifest.yaml";
    String out = temporary.resolve("same").toString();
    String[] inputs = {
      "--manifest", manifest, "--include", "layers\\.0\\..*[qv]_proj", "--out", out
    };
    String[] command = with(new String[] {"run"}, inputs);
    String[] mitigation =
        with(with(new String[] {"mitigate"}, inputs), "--checkpoint", "lora-r1/4-xml");
    assertThat(Outcome.of(command).exitCode()).isZero();
    assertThat(Outcome.of(mitigation).exitCode()).isZero();

    // The ledger in OUT gives the second run the same figures, times included.
    Outcome run =
        Outcome.of(with(command, "--catalog", "lake", "--namespace", "zoo", "--openlineage"));
    assertThat(run.err()).doesNotContain("ERROR");
    assertThat(run.out()).contains("Tables in lake.zoo, ");
    assertThat(run.exitCode()).isZero();
    assertThat(Outcome.of(with(mitigation, "--catalog", "lake", "--namespace", "zoo")).exitCode())
        .isZero();

    RunResult told = RecordingListener.take().get(1).result();
    assertThat(told.checkpoints()).hasSize(16);
    assertThat(told.report()).isEqualTo("file:" + out + "/report/index.html");
    assertThat(told.tables())
        .extracting(WrittenTable::catalogName)
        .contains("lake.zoo.checkpoints", "lake.zoo.accumulation", "lake.zoo.forgetting");
    assertThat(told.tables())
        .allMatch(table -> table.uri().endsWith("/zoo/" + table.name()), "lies in the catalog");

    Map<String, Integer> sizes = new TreeMap<>();
    for (String table : TABLES) {
      Dataset<Row> parquet = session().read().parquet(out + "/" + table);
      Dataset<Row> iceberg = session().table("lake.zoo." + table);
      assertThat(iceberg.columns()).as(table).isEqualTo(parquet.columns());
      assertThat(types(iceberg)).as(table).isEqualTo(types(parquet));
      List<String> rows = rows(iceberg);
      assertThat(rows).as(table).isEqualTo(rows(parquet));
      sizes.put(table, rows.size());
    }
    assertThat(sizes)
        .containsEntry("checkpoints", 16)
        .containsEntry("matrices", 16 * 2)
        .containsEntry("singular_vectors", 16 * 2 * 10)
        .containsEntry("similarity", 16 * 2 * 100)
        .containsEntry("accumulation", 16)
        .containsEntry("mitigations", 2)
        .containsEntry("rejects", 0);
    assertThat(sizes.get("intruder_tracks")).isPositive();
    assertThat(sizes.get("forgetting")).isPositive();
  }

  @Test
  void aNightlyRunAddsItsStepAndTheNightBeforeStaysInSight() throws IOException {
    Path out = temporary.resolve("nightly");
    night(out, 1);
    night(out, 1);
    assertThat(count("SELECT * FROM lake.nights.matrices")).isEqualTo(2);
    assertThat(count("SELECT * FROM lake.nights.accumulation")).isEqualTo(1);

    night(out, 2);

    assertThat(count("SELECT * FROM lake.nights.matrices")).isEqualTo(4);
    assertThat(count("SELECT DISTINCT checkpoint_id, matrix FROM lake.nights.matrices"))
        .isEqualTo(4);
    assertThat(count("SELECT * FROM lake.nights.accumulation")).isEqualTo(2);
    List<String> runs =
        session()
            .sql("SELECT run_id FROM lake.nights.runs ORDER BY committed_at")
            .collectAsList()
            .stream()
            .map(row -> row.getString(0))
            .toList();
    assertThat(runs).hasSize(3);
    String[] show = {"show", "checkpoints", "--catalog", "lake", "--namespace", "nights"};
    String[] csv = with(show, "--format", "csv", "--where", "matrices = 2");
    assertThat(Outcome.of(csv).out().lines()).hasSize(3);
    assertThat(Outcome.of(with(csv, "--as-of", runs.get(1))).out().lines())
        .hasSize(2)
        .last()
        .asString()
        .startsWith("lora-r8/1,");
    assertThat(Outcome.of("show", "runs", "--catalog", "lake", "--namespace", "nights").out())
        .contains(runs);
    assertThat(out)
        .isDirectoryNotContaining(path -> TABLES.contains(path.getFileName().toString()));
    assertThat(out.resolve("report/index.html")).content().contains("lora-r8/2");
    Outcome report =
        Outcome.of(
            with(
                new String[] {"report", "--catalog", "lake", "--namespace", "nights"},
                "--as-of",
                runs.get(0),
                "--out",
                out.toString()));
    assertThat(report.exitCode()).isZero();
    assertThat(out.resolve("report/index.html")).content().doesNotContain("lora-r8/2");

    pairsAreCompared(out);
    rulesCompareWithTheNightBefore(out, runs.get(0));
    assertThat(ofNights("diff", runs.get(0), "--column", "matrices").out().lines())
        .anySatisfy(line -> assertThat(line).contains("lora-r8/2", "added"));
    assertThat(ofNights("diff", runs.get(0), runs.get(1)).out()).doesNotContain("lora-r8/2");
  }

  private static Outcome ofNights(String... command) {
    return Outcome.of(with(command, "--catalog", "lake", "--namespace", "nights"));
  }

  private static void pairsAreCompared(Path out) {
    Outcome compared =
        ofNights(
            "compare",
            "--manifest",
            temporary.resolve("nightly.yaml").toString(),
            "--include",
            "layers\\.0\\..*(q|v)_proj",
            "--out",
            out.toString());
    assertThat(compared.exitCode()).as(compared.err()).isZero();
    assertThat(count("SELECT * FROM lake.nights.adapter_pairs")).isEqualTo(1);
    assertThat(count("SELECT * FROM lake.nights.adapter_pairs_by_matrix")).isEqualTo(2);
    assertThat(out.resolve("adapter_pairs")).doesNotExist();
  }

  /** The second step grows beyond what the rule allows over the first one, as it was one night. */
  private static void rulesCompareWithTheNightBefore(Path out, String night) throws IOException {
    Path rules =
        Files.writeString(
            temporary.resolve("rules.yaml"),
            """
            rules:
              - {id: same, table: checkpoints, column: update_relative_norm, against: as-of %s, max_ratio: 1, unknown: pass}
              - {id: pairs, table: adapter_pairs, column: update_cosine, min: 0}
              - {id: small, table: matrices, column: update_relative_norm, max: 0.35}
            """
                .formatted(night));
    Outcome checked = ofNights("check", "--rules", rules.toString(), "--out", out.toString());
    assertThat(checked.exitCode()).as(checked.out() + checked.err()).isEqualTo(4);
    assertThat(checked.out()).contains("small: ").doesNotContain("same: ", "pairs: ");
    assertThat(count("SELECT * FROM lake.nights.checks WHERE NOT passed")).isPositive();
    assertThat(out.resolve("checks")).doesNotExist();
  }

  private static void night(Path out, int steps) throws IOException {
    StringBuilder manifest =
        new StringBuilder("base: {id: base, uri: %s/base}%ncheckpoints:%n".formatted(zoo()));
    List<String> names = List.of("1-python", "2-c");
    for (int step = 1; step <= steps; step++) {
      manifest.append(
          "  - {id: lora-r8/%d, adapters: [%s], sequence: lora-r8, step: %d, task: t%d}%n"
              .formatted(
                  step,
                  String.join(
                      ", ",
                      names.subList(0, step).stream()
                          .map(name -> zoo() + "/lora-r8/" + name)
                          .toList()),
                  step,
                  step));
    }
    Path file = Files.writeString(temporary.resolve("nightly.yaml"), manifest);
    assertThat(
            Outcome.of(
                    "run",
                    "--manifest",
                    file.toString(),
                    "--include",
                    "layers\\.0\\..*(q|v)_proj",
                    "--out",
                    out.toString(),
                    "--catalog",
                    "lake",
                    "--namespace",
                    "nights")
                .exitCode())
        .isZero();
  }

  @Test
  void aRunThatFailsAfterItsScanLeavesNothing() throws IOException {
    Path metrics =
        Files.writeString(temporary.resolve("bad.csv"), "checkpoint,metric,value\nnobody,loss,1\n");
    String[] command = {
      "--base",
      zoo() + "/base",
      "--tuned",
      zoo() + "/lora-r1/1-python",
      "--include",
      "layers\\.0\\..*q_proj",
      "--out",
      temporary.resolve("fails").toString(),
      "--catalog",
      "lake",
      "--namespace",
      "fails"
    };
    String[] run = with(new String[] {"run"}, command);

    Outcome failed = Outcome.of(with(run, "--metrics", metrics.toString(), "--on-error", "fail"));

    assertThat(failed.exitCode()).isEqualTo(2);
    assertThat(count("SELECT * FROM lake.fails.matrices")).isZero();
    assertThat(count("SELECT * FROM lake.fails.matrices.refs")).isZero();
    assertThat(temporary.resolve("fails/_summary.json")).doesNotExist();

    assertThat(Outcome.of(run).exitCode()).isZero();
    assertThat(
            Outcome.of(
                    with(
                        new String[] {"forgetting"},
                        with(command, "--metrics", metrics.toString())))
                .exitCode())
        .isEqualTo(2);
    assertThat(count("SELECT * FROM lake.fails.matrices")).isEqualTo(1);
    assertThat(count("SELECT * FROM lake.fails.rejects WHERE code = 'METRIC_INVALID'"))
        .isEqualTo(1);
  }

  @Test
  void anotherBasesCheckpointIsNotReplaced() {
    session()
        .sql("CREATE TABLE lake.teams.shared.checkpoints (base_id STRING, checkpoint_id STRING)");
    session().sql("INSERT INTO lake.teams.shared.checkpoints VALUES ('ours', '1-python')");

    Outcome refused =
        Outcome.of(
            "scan",
            "--base",
            zoo() + "/base",
            "--tuned",
            zoo() + "/lora-r1/1-python",
            "--out",
            temporary.resolve("teams").toString(),
            "--catalog",
            "lake",
            "--namespace",
            "teams.shared");

    assertThat(refused)
        .isEqualTo(
            new Outcome(
                2,
                "",
                "intruders: [lake.teams.shared] Checkpoint 1-python is here already, tuned from base ours, not base; give it another id, or take another --namespace%n"
                    .formatted()));
    assertThat(count("SELECT * FROM lake.teams.shared.checkpoints WHERE base_id = 'ours'"))
        .isEqualTo(1);
  }

  @Test
  void whatCanNotBeReadIsTold() {
    String out = temporary.resolve("nothing").toString();

    assertThat(Outcome.of("show", "checkpoints", "--catalog", "sea"))
        .extracting(Outcome::exitCode)
        .isEqualTo(2);
    assertThat(Outcome.of("show", "checkpoints", "--catalog", "lake", "--namespace", "empty"))
        .isEqualTo(
            new Outcome(
                2, "", "intruders: [lake.empty] There is no output of a run here%n".formatted()));
    assertThat(Outcome.of("show", "checkpoints", "--namespace", "zoo").err())
        .startsWith("Give --namespace together with --catalog");
    assertThat(Outcome.of("show", "checkpoints", "--out", out, "--as-of", "2026-01-31"))
        .isEqualTo(
            new Outcome(
                2,
                "",
                "intruders: [file:%s] Cannot show the tables as of 2026-01-31: Parquet keeps no earlier runs; a catalog does, see --catalog%n"
                    .formatted(out)));
    assertThat(
            Outcome.of("accumulate", "--base", zoo() + "/base", "--tuned", "x", "--catalog", "a b")
                .err())
        .isEqualTo(
            "intruders: Cannot use --catalog 'a b': expected letters, digits and _%n".formatted());
  }

  private static String zoo() {
    return System.getProperty("zoo");
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.concat(Stream.of(arguments), Stream.of(more)).toArray(String[]::new);
  }

  private static long count(String query) {
    return session().sql(query).count();
  }

  private static List<String> types(Dataset<Row> rows) {
    List<String> types = new ArrayList<>();
    for (var field : rows.schema().fields()) {
      types.add(field.name() + " " + field.dataType().sql());
    }
    return types;
  }

  /** Every row as text, to the last digit, but for the run's id. */
  private static List<String> rows(Dataset<Row> rows) {
    return rows.drop("run_id").toJSON().collectAsList().stream().sorted().toList();
  }

  private static SparkSession session() {
    return SparkSession.builder()
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .getOrCreate();
  }
}
