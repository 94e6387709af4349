package io.github.intruders.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shaded jar through Spark's own SparkSubmit, as users run it. */
class LauncherIT {
  private static final Map<String, List<String>> CONTRACT =
      Map.of(
          "checkpoints",
          List.of(
              "base_id",
              "checkpoint_id",
              "sequence",
              "step",
              "task",
              "method",
              "matrices",
              "intruders",
              "intruder_count",
              "intruder_energy_share",
              "update_effective_rank",
              "update_stable_rank",
              "update_mass",
              "update_relative_norm",
              "rejected"),
          "matrices",
          List.of(
              "checkpoint_id",
              "matrix",
              "layer",
              "module",
              "rows",
              "cols",
              "dtype",
              "update_rank",
              "update_norm",
              "update_relative_norm",
              "update_spectral_norm",
              "update_effective_rank",
              "base_spectral_norm",
              "intruder_count",
              "intruders",
              "intruder_energy_share",
              "solver",
              "max_residual",
              "elapsed_millis"),
          "singular_vectors",
          List.of(
              "checkpoint_id",
              "matrix",
              "side",
              "singular_index",
              "singular_value",
              "best_similarity",
              "best_base_index",
              "base_singular_value",
              "is_intruder",
              "energy_in_base_top_k",
              "cluster_similarity",
              "energy_outside_span",
              "participation_ratio",
              "residual"),
          "similarity",
          List.of("checkpoint_id", "matrix", "tuned_index", "base_index", "similarity"),
          "metrics",
          List.of("checkpoint_id", "metric", "value", "base_value", "forgetting"),
          "forgetting",
          List.of("metric", "grouping", "method", "n", "rho", "p_value", "p_value_method"),
          "forgetting_ladder",
          List.of(
              "metric",
              "grouping",
              "rung",
              "measures",
              "r2",
              "r2_gain",
              "gain_low",
              "gain_high",
              "n",
              "partial_rho",
              "p_value",
              "p_value_holm"),
          "rejects",
          List.of("checkpoint_id", "matrix", "file", "code", "message"));

  @TempDir private static Path temporary;
  private static SparkSession spark;

  @BeforeAll
  static void openSession() {
    spark = TableRows.session();
  }

  @AfterAll
  static void closeSession() {
    spark.stop();
  }

  @Test
  void theDemoFindsThePublishedCountsAndWritesTheTablesOfTheContract() throws Exception {
    DemoRun run = DemoRun.get();
    Path out = run.out();
    Launched demo = run.launched();

    JsonNode summary = new ObjectMapper().readTree(demo.out().get(demo.out().size() - 1));
    Map<String, Integer> counts = new TreeMap<>();
    for (JsonNode checkpoint : summary.path("checkpoints")) {
      assertThat(checkpoint.path("matrices").asInt()).isEqualTo(28);
      counts.put(
          checkpoint.path("checkpoint_id").asText(), checkpoint.path("intruder_count").asInt());
    }
    assertThat(counts.values())
        .containsExactly(0, 2, 9, 3, 22, 50, 73, 105, 1, 6, 6, 10, 24, 76, 97, 100);
    assertThat(summary)
        .isEqualTo(new ObjectMapper().readTree(out.resolve("_summary.json").toFile()));
    assertThat(out.resolve("report/index.html")).content().contains("lora-r8/4-xml");
    assertThat(demo.err()).noneMatch(line -> line.contains("WARN ") || line.contains("ERROR"));
    assertThat(demo.err()).noneMatch(line -> line.contains("org.apache.spark"));
    assertThat(demo.err())
        .anyMatch(line -> line.matches("\\S+ INFO  scan: 448 of 448 matrices in \\d+:\\d\\d"));
    JsonNode provenance = summary.path("provenance");
    if (Files.exists(Path.of(System.getProperty("zoo")).resolve("../../../.git"))) {
      assertThat(provenance.path("git_commit").asText()).matches("[0-9a-f]{40}");
      assertThat(provenance.path("git_modified").isBoolean()).isTrue();
    } else {
      assertThat(provenance.path("git_commit").isNull()).isTrue();
    }
    assertThat(provenance.path("command").asText()).isEqualTo("intruders demo --json --out " + out);
    CONTRACT.forEach(
        (table, columns) ->
            assertThat(read(out, table).columns())
                .as(table)
                .contains(columns.toArray(String[]::new)));
    assertThat(read(out, "matrices").count()).isEqualTo(16 * 28);
    assertThat(read(out, "singular_vectors").count()).isEqualTo(16 * 28 * 10);
    assertThat(read(out, "similarity").count()).isEqualTo(16 * 28 * 100);
    assertThat(read(out, "rejects").count()).isZero();
    assertThat(
            read(out, "forgetting")
                .where("metric = 'loss_english' AND measure = 'intruder_count'")
                .where("grouping IN ('all', 'method=lora') AND p_value_method = 't'")
                .selectExpr("concat_ws(' ', grouping, n, round(rho, 3), round(p_value, 4))")
                .as(Encoders.STRING())
                .collectAsList())
        .containsExactlyInAnyOrder("all 16 0.728 0.0014", "method=lora 12 0.876 2.0E-4");
  }

  @Test
  void oneCoreTwoCoresAndTwoExecutorsGiveTheSameRows() throws Exception {
    Path manifest = temporary.resolve("small.yaml");
    String zoo = System.getProperty("zoo");
    Files.writeString(
        manifest,
        """
        base: {id: base, uri: %1$s/base}
        checkpoints:
          - {id: full, uri: %1$s/full/1-python}
          - {id: chain, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c]}
          - {id: missing, uri: %1$s/nowhere}
        metrics: small.csv
        """
            .formatted(zoo));
    Files.writeString(
        temporary.resolve("small.csv"),
        "checkpoint,metric,value\nbase,loss,1\nfull,loss,2\nchain,loss,3\n");
    List<Map<String, List<String>>> results = new ArrayList<>();
    for (String master : List.of("local[1]", "local[2]", "local-cluster[2,1,1024]")) {
      Path out = temporary.resolve(master.replaceAll("\\W", "-"));
      Path figures = Files.createDirectories(temporary.resolve("figures-of-" + out.getFileName()));
      Path metrics =
          Files.writeString(
              temporary.resolve("metrics.properties"),
              """
              *.sink.csv.class=org.apache.spark.metrics.sink.CsvSink
              *.sink.csv.period=1
              *.sink.csv.directory=%s
              """
                  .formatted(figures));
      Map<String, String> environment = new TreeMap<>(Map.of("INTRUDERS_LOG", "json"));
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  "run",
                  "--manifest",
                  manifest.toString(),
                  "--include",
                  "layers\\.[01]\\..*proj",
                  "--side",
                  "both",
                  "--out",
                  out.toString(),
                  "--",
                  "--conf",
                  "spark.metrics.conf=" + metrics,
                  "--master",
                  master));
      if (master.startsWith("local-cluster")) {
        environment.putAll(Cluster.ENVIRONMENT);
      } else if (master.equals("local[1]")) {
        arguments.addAll(List.of("--driver-java-options", "-Dthe.users=own")); // yet our logging
      }
      Launched run = Launched.run(temporary, environment, arguments.toArray(String[]::new));
      assertThat(run.exitCode()).as(String.join("\n", run.err())).isEqualTo(3);
      requireJsonOfOneRun(run.err());
      assertThat(figure(figures, "task.matrices.analysed")).as(master).isEqualTo(2 * 14);
      Map<String, List<String>> tables = new TreeMap<>();
      for (String table : CONTRACT.keySet()) {
        tables.put(table, TableRows.of(out.resolve(table)));
      }
      results.add(tables);
    }
    assertThat(results.get(0).get("matrices")).hasSize(2 * 14);
    assertThat(results.get(0).get("rejects")).hasSize(1);
    assertThat(results.get(0).get("metrics")).hasSize(2);
    assertThat(results.get(1)).isEqualTo(results.get(0));
    assertThat(results.get(2)).isEqualTo(results.get(0));
  }

  /** Every line is a JSON object that names the run; each stage speaks. */
  private static void requireJsonOfOneRun(List<String> lines) throws JsonProcessingException {
    Set<String> runs = new TreeSet<>();
    Set<String> stages = new TreeSet<>();
    for (String line : lines) {
      JsonNode event = new ObjectMapper().readTree(line);
      assertThat(event.path("level").asText()).as(line).isIn("INFO", "WARN");
      runs.add(event.path("run_id").asText());
      stages.add(event.path("stage").asText());
    }
    assertThat(runs).hasSize(1).allMatch(run -> run.matches("\\d{8}T\\d{6}Z-[0-9a-f]{8}"));
    assertThat(stages).contains("plan", "scan", "tables", "forgetting", "report");
  }

  /** A figure's last value, summed over driver and executors. */
  private static double figure(Path folder, String name) throws IOException {
    double sum = 0;
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(path -> path.toString().endsWith(name + ".csv")).toList()) {
        List<String> lines = Files.readAllLines(file);
        sum += Double.parseDouble(lines.get(lines.size() - 1).split(",", -1)[1]);
      }
    }
    return sum;
  }

  @Test
  void aSignalEndsTheRunInWords() throws Exception {
    Path out = temporary.resolve("ended");
    Path ledger = out.resolve("_work/scan");
    Launched.Running running = Launched.start(temporary, Map.of(), "demo", "--out", out.toString());
    Cluster.await("a finished task", () -> Files.isDirectory(ledger));
    running.process().destroy(); // SIGTERM, as schedulers and Ctrl-C do it
    Launched ended = running.await();

    assertThat(ended.exitCode()).isEqualTo(128 + 15);
    assertThat(ended.err())
        .as(String.join("\n", ended.err()))
        .anyMatch(line -> line.startsWith("intruders: Ended by a signal; finished matrices"))
        .noneMatch(line -> line.contains("cluster is gone") || line.startsWith("\tat "));
  }

  @Test
  void aCatalogWithoutItsRuntimeIsToldBeforeAnythingIsComputed() throws Exception {
    Path out = temporary.resolve("no-runtime");
    Launched demo =
        Launched.run(
            temporary,
            "demo",
            "--catalog",
            "lake",
            "--out",
            out.toString(),
            "--",
            "--conf",
            "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog");

    assertThat(demo.exitCode()).isEqualTo(2);
    assertThat(demo.err())
        .contains(
            "intruders: Cannot use the catalog 'lake': the Iceberg runtime is not on the class path;"
                + " add -- --packages org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0");
    assertThat(out).doesNotExist();
  }

  private static Dataset<Row> read(Path out, String table) {
    return spark.read().parquet(out.resolve(table).toString());
  }
}
