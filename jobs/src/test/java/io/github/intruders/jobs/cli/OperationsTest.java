package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.input.RejectCode;
import io.github.intruders.jobs.table.AdapterCoverageTable;
import io.github.intruders.jobs.table.ChecksTable;
import io.github.intruders.jobs.table.FidelityTable;
import io.github.intruders.jobs.table.KnownTables;
import io.github.intruders.jobs.table.MitigationEffectsTable;
import io.github.intruders.jobs.table.MitigationsTable;
import io.github.intruders.jobs.table.SeedsTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What those who run the job see of it: one run, looked at from all sides. */
@ExtendWith(LocalMaster.class)
class OperationsTest {
  private static final String METRICS = "plugin.io.github.intruders.jobs.progress.MetricsPlugin.";
  private static final List<String> SETTINGS =
      List.of("spark.extraListeners", "spark.metrics.conf", "spark.hadoop.fs.s3a.secret.key");

  @TempDir private static Path temporary;
  private static Path out;
  private static Outcome before;
  private static Outcome run;
  private static List<String> jobs;
  private static List<Path> afterDryRun;

  @BeforeAll
  static void runOnce() throws IOException {
    String zoo = System.getProperty("zoo");
    Path nan = Files.createDirectories(temporary.resolve("nan"));
    SafetensorsParts.read(Path.of(zoo, "full/1-python/model.safetensors"))
        .overwrite("model.layers.0.mlp.up_proj.weight", 0, new byte[] {(byte) 0xc0, 0x7f})
        .write(nan.resolve("model.safetensors"), name -> true);
    Files.writeString(
        temporary.resolve("manifest.yaml"),
        """
        base: {id: base, uri: %1$s/base}
        checkpoints:
          - {id: full, uri: %1$s/full/1-python}
          - {id: nan, uri: nan}
          - {id: missing, uri: nowhere}
          - {id: lora/1, adapters: [%1$s/lora-r8/1-python], sequence: lora, step: 1, task: python}
          - {id: lora/2, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c], sequence: lora, step: 2, task: c}
        metrics: metrics.csv
        """
            .formatted(zoo));
    Files.writeString(
        temporary.resolve("metrics.csv"),
        "checkpoint,metric,value\nbase,loss,1\nfull,loss,2\nlora/1,loss,3\nlora/2,loss,4\n");
    Files.writeString(
        temporary.resolve("metrics.properties"),
        """
        *.sink.csv.class=org.apache.spark.metrics.sink.CsvSink
        *.sink.csv.period=3600
        *.sink.csv.directory=%s
        """
            .formatted(Files.createDirectories(temporary.resolve("figures"))));
    out = temporary.resolve("out");
    before = run("--dry-run");
    afterDryRun = Files.exists(out) ? List.of(out) : List.of();
    System.setProperty("spark.extraListeners", StartedJobs.class.getName());
    System.setProperty("spark.metrics.conf", temporary.resolve("metrics.properties").toString());
    System.setProperty("spark.hadoop.fs.s3a.secret.key", "not-to-be-told");
    StartedJobs.take();
    run = run();
    jobs = StartedJobs.take();
    SETTINGS.forEach(System::clearProperty);
  }

  @AfterAll
  static void unset() {
    SETTINGS.forEach(System::clearProperty);
  }

  private static Outcome run(String... more) {
    return Outcome.of(
        Stream.concat(
                Stream.of(
                    "run",
                    "--manifest",
                    temporary.resolve("manifest.yaml").toString(),
                    "--include",
                    "layers\\.0\\.mlp",
                    "--out",
                    out.toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void everySparkJobOfARunNamesItsStage() {
    assertThat(jobs)
        .isNotEmpty()
        .allMatch(
            description ->
                description.matches(
                    "(plan|spectra|scan|tables|accumulation|forgetting|report): .+"));
    assertThat(jobs.stream().map(text -> text.replaceAll(":.*", "")).distinct())
        .contains("plan", "scan", "tables", "accumulation", "forgetting", "report");
  }

  @Test
  void theMetricsAreThoseOfTheTables() throws IOException {
    Map<String, Double> figures = new TreeMap<>();
    try (Stream<Path> files = Files.list(temporary.resolve("figures"))) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.contains(METRICS)) {
          List<String> lines = Files.readAllLines(file);
          figures.put(
              name.substring(name.indexOf(METRICS) + METRICS.length()).replace(".csv", ""),
              Double.valueOf(lines.get(lines.size() - 1).split(",", -1)[1]));
        }
      }
    }
    long analysed = read("matrices").count();
    assertThat(analysed).isEqualTo(4 * 3 - 1);
    assertThat(figures)
        .containsEntry("task.matrices.analysed", (double) analysed)
        .containsEntry("task.matrices.rejected", 1.0)
        .containsEntry(
            "task.matrices.exact", (double) read("matrices").where("solver = 'dense'").count())
        .containsEntry("job.stage", 0.0)
        .containsKeys("job.stage.done", "job.stage.total", "job.rejected", "job.seconds.left");
    assertThat(figures.get("task.decomposition.seconds")).isPositive();
    // Three matrices of the base, and the same of two full fine-tunes, in two bytes each.
    assertThat(figures.get("task.read.bytes")).isGreaterThan(3 * 3 * 2 * 384 * 128);
  }

  @Test
  void theSummaryTellsWhereTheNumbersComeFrom() throws IOException {
    String text = Files.readString(out.resolve("_summary.json"));
    JsonNode summary = new ObjectMapper().readTree(text);
    JsonNode provenance = summary.path("provenance");

    assertThat(provenance.path("command").asText())
        .isEqualTo(
            "intruders run --manifest %1$s/manifest.yaml --include 'layers\\.0\\.mlp' --out %1$s/out"
                .formatted(temporary));
    assertThat(provenance.path("manifest").asText())
        .isEqualTo("file:%s/manifest.yaml".formatted(temporary));
    assertThat(provenance.path("manifest_hash").asText()).matches("[0-9a-f]{64}");
    assertThat(provenance.path("started_at").asText())
        .isLessThanOrEqualTo(provenance.path("finished_at").asText())
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
    assertThat(provenance.path("master").asText()).isEqualTo("local[2]");
    List<String> stages = new ArrayList<>();
    provenance.path("stages").forEach(stage -> stages.add(stage.path("stage").asText()));
    assertThat(stages).endsWith("scan", "tables", "accumulation", "forgetting", "report");
    assertThat(provenance.path("stages")).allMatch(stage -> stage.path("seconds").asDouble() > 0);
    Map<String, Long> routes = new LinkedHashMap<>();
    summary.path("routes").properties().forEach(e -> routes.put(e.getKey(), e.getValue().asLong()));
    assertThat(routes.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(11);
    assertThat(summary.path("versions").properties())
        .extracting(Map.Entry::getKey)
        .containsExactly("intruders", "spark", "scala", "hadoop", "java", "openblas");
    assertThat(text).doesNotContain("not-to-be-told");
  }

  @Test
  void aDryRunTellsWhatIsToDoAndWhatIsDoneAndWritesNothing() {
    assertThat(before.exitCode()).isEqualTo(3);
    assertThat(before.out())
        .contains("To compute: 12 of 12 matrices, in 4 of 5 checkpoints; 0 are finished")
        .contains("Then: accumulation (sequences: 1); forgetting (metrics URIs: 1); report")
        .endsWith("Dry run: nothing was computed or written%n".formatted());
    assertThat(afterDryRun).isEmpty();
    assertThat(run.exitCode()).isEqualTo(3);

    Outcome after = run("--dry-run");

    assertThat(after.exitCode()).isEqualTo(3);
    assertThat(after.out())
        .contains("To compute: 1 of 12 matrices, in 1 of 5 checkpoints; 11 are finished")
        .containsPattern("(?m)^  nan +1$");
  }

  @Test
  void aDryRunOfAMitigationNamesTheModels() {
    Outcome outcome =
        Outcome.of(
            "mitigate",
            "--manifest",
            temporary.resolve("manifest.yaml").toString(),
            "--checkpoint",
            "full",
            "--lambda",
            "0.5",
            "--controls",
            "--include",
            "layers\\.0\\.mlp",
            "--out",
            out.toString(),
            "--dry-run");

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out())
        .contains("To compute: 3 of 3 matrices, in 1 of 1 checkpoints")
        .contains(
            "Then: models top-l0.5, neighbour-l0.5, shrink-l0.5, random-l0.5, outside-l0.5 of each");
    assertThat(out.resolve("mitigated")).doesNotExist();
  }

  @Test
  void aRunWritesTheColumnsOfItsTablesAndNoOthers() {
    assertThat(KnownTables.ALL)
        .filteredOn(table -> !table.equals(MitigationsTable.TABLE)) // no run writes it
        .filteredOn(table -> !table.equals(SeedsTable.TABLE)) // nor this one without seeds
        .filteredOn(table -> !table.equals(MitigationEffectsTable.TABLE)) // nor without edits
        .filteredOn(
            table ->
                table.equals(AdapterCoverageTable.TABLE)
                    || !table.name().startsWith("adapter_")) // the others are of compare
        .filteredOn(table -> !table.equals(ChecksTable.TABLE)) // and this of check
        .filteredOn(table -> !table.equals(FidelityTable.TABLE)) // nor this without merges
        .hasSize(13)
        .allSatisfy(
            table ->
                assertThat(read(table.name()).schema().catalogString())
                    .as(table.name())
                    .isEqualTo(table.stored().catalogString()));
  }

  @Test
  void thePageOfTroublesHasEveryCodeThereIs() throws IOException {
    List<String> headings =
        Files.readAllLines(docs("troubleshooting.md")).stream()
            .filter(line -> line.matches("#+ `[A-Z_]+`"))
            .map(line -> line.replaceAll("[#` ]", ""))
            .toList();
    assertThat(headings)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(RejectCode.values()).map(RejectCode::name).toList());
  }

  private static Path docs(String page) {
    return Path.of(System.getProperty("zoo")).resolve("../../../.github/docs").resolve(page);
  }

  private static org.apache.spark.sql.Dataset<org.apache.spark.sql.Row> read(String table) {
    return SparkSession.builder()
        .master("local[2]")
        .getOrCreate()
        .read()
        .parquet(out.resolve(table).toString());
  }
}
