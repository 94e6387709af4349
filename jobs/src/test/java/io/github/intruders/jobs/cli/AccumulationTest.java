package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sequences from checkpoints on disk to the tables. */
class AccumulationTest {
  private static final List<String> TASKS = List.of("python", "c", "javascript", "xml");
  private static final List<String> TABLES =
      List.of("intruder_tracks", "accumulation", "accumulation_by_matrix");

  @TempDir private static Path temporary;

  @BeforeAll
  static void setMaster() {
    System.setProperty("spark.master", "local[2]");
    System.setProperty("spark.ui.enabled", "false");
  }

  @AfterAll
  static void unsetMaster() {
    System.clearProperty("spark.master");
    System.clearProperty("spark.ui.enabled");
  }

  @Test
  void countsAreThoseOfTheScanAndAddUpAtEveryStep() throws IOException {
    Path out = temporary.resolve("whole");
    assertThat(run("run", out, 4, "full", "lora-r8")).isZero();

    List<Row> steps =
        table(out, "accumulation")
            .join(
                table(out, "checkpoints").select("checkpoint_id", "intruder_count"),
                "checkpoint_id")
            .collectAsList();
    assertThat(steps)
        .hasSize(8)
        .allSatisfy(
            row -> {
              int intruders = row.getAs("intruders");
              assertThat(row.<Integer>getAs("intruder_count")).isEqualTo(intruders);
              assertThat(row.<Integer>getAs("born") + row.<Integer>getAs("persisted"))
                  .isEqualTo(intruders);
              assertThat(row.<String>getAs("checkpoint_id")).endsWith(row.getAs("task"));
            });
    assertThat(steps.stream().mapToInt(row -> row.<Integer>getAs("intruders")).sum()).isPositive();
    assertThat(
            table(out, "intruder_tracks")
                .where("state <> 'born' AND step = 1 OR born_at_step > step")
                .count())
        .isZero();
    assertThat(table(out, "intruder_tracks").where("born_by_task IS NULL OR previous_step >= step"))
        .matches(Dataset::isEmpty);
  }

  @Test
  void aNightlyRunThatAddsAStepDecomposesThatStepAloneAndEndsWithTheSameTables()
      throws IOException {
    Path nightly = temporary.resolve("nightly");
    assertThat(run("run", nightly, 3, "lora-r8")).isZero();
    long before = ledgerEntries(nightly);

    assertThat(run("run", nightly, 4, "lora-r8")).isZero();

    assertThat(before).isEqualTo(3 * 7);
    assertThat(ledgerEntries(nightly)).isEqualTo(4 * 7);
    Path once = temporary.resolve("once");
    assertThat(run("run", once, 4, "lora-r8")).isZero();
    for (String table : TABLES) {
      assertSameRows(sorted(table(nightly, table)), sorted(table(once, table)));
    }
  }

  @Test
  void theCommandWorksOnWhatAScanLeftAndLeavesOtherSequencesAlone() throws IOException {
    Path out = temporary.resolve("separate");
    assertThat(run("accumulate", out, 2, "lora-r1")).isEqualTo(Main.UNUSABLE);
    assertThat(run("scan", out, 2, "lora-r1", "lora-r8")).isZero();
    assertThat(Files.exists(out.resolve("accumulation"))).isFalse();

    assertThat(run("accumulate", out, 2, "lora-r1", "lora-r8")).isZero();
    List<Row> both = sorted(table(out, "accumulation"));
    assertThat(run("accumulate", out, 2, "lora-r1")).isZero();

    assertThat(both).hasSize(4);
    assertSameRows(sorted(table(out, "accumulation")), both);
  }

  @Test
  void vectorsThatAreGoneAreRejectedByNameAndTheRestGoesOn() throws IOException {
    Path out = temporary.resolve("gone");
    assertThat(run("scan", out, 3, "lora-r1")).isZero();
    String key =
        table(out, "matrices")
            .where("checkpoint_id = 'lora-r1/2-c' AND matrix LIKE '%q_proj%'")
            .select("scan_key")
            .first()
            .getString(0);
    Path vectors = out.resolve("_work/vectors/" + key + ".safetensors");
    byte[] kept = Files.readAllBytes(vectors);
    Files.delete(vectors);

    assertThat(run("accumulate", out, 3, "lora-r1")).isEqualTo(Main.DONE_WITH_REJECTS);

    assertThat(table(out, "rejects").collectAsList())
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.<String>getAs("code")).isEqualTo("VECTORS_MISSING");
              assertThat(row.<String>getAs("message")).contains(key);
            });
    assertThat(
            table(out, "intruder_tracks")
                .where("matrix LIKE '%q_proj%' AND step = 3 AND previous_step <> 1"))
        .matches(Dataset::isEmpty);

    Files.write(vectors, kept);
    assertThat(run("accumulate", out, 3, "lora-r1")).isZero();
    assertThat(table(out, "rejects")).matches(Dataset::isEmpty);
  }

  /**
   * Two planted directions among small base vectors, which leave the leading ones alone: one there
   * from step 10 to 30, one from step 20 on.
   */
  @Test
  void plantedIntrudersAreFollowedThroughFiftyStepsAndOneMore() throws IOException {
    Path models = temporary.resolve("planted");
    writePlanted(models, 51);
    Path out = temporary.resolve("planted-out");
    assertThat(runPlanted(models, out, 50)).isZero();
    assertThat(ledgerEntries(out)).isEqualTo(50);

    assertThat(runPlanted(models, out, 51)).isZero();

    assertThat(ledgerEntries(out)).as("matrices decomposed in all").isEqualTo(51);
    List<Row> steps = table(out, "accumulation").orderBy("step").collectAsList();
    assertThat(steps).hasSize(51);
    for (Row row : steps) {
      int step = row.getAs("step");
      int intruders = (step >= 10 && step <= 30 ? 1 : 0) + (step >= 20 ? 1 : 0);
      assertThat(row.<Integer>getAs("intruders")).as("step %d", step).isEqualTo(intruders);
      assertThat(row.<Integer>getAs("born")).isEqualTo(step == 10 || step == 20 ? 1 : 0);
      assertThat(row.<Integer>getAs("faded")).isEqualTo(step == 31 ? 1 : 0);
      assertThat(row.<Integer>getAs("cumulative_born"))
          .isEqualTo(step < 10 ? 0 : step < 20 ? 1 : 2);
    }
    assertThat(
            table(out, "intruder_tracks").groupBy("track").count().collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getInt(0), row -> row.getLong(1))))
        .isEqualTo(Map.of(0, 22L, 1, 32L)); // with the row that says it faded
  }

  private static int runPlanted(Path models, Path out, int steps) throws IOException {
    StringBuilder manifest =
        new StringBuilder("base: {id: base, uri: %s/base}%ncheckpoints:%n".formatted(models));
    for (int step = 1; step <= steps; step++) {
      manifest.append(
          "  - {id: s%1$d, uri: %2$s/s%1$d, sequence: s, step: %1$d, task: task-%1$d}%n"
              .formatted(step, models));
    }
    Path file = Files.writeString(temporary.resolve("planted.yaml"), manifest);
    return Main.run("run", "--manifest", file.toString(), "--out", out.toString());
  }

  private static void writePlanted(Path models, int steps) throws IOException {
    int p = 64;
    int leading = 20;
    SplittableRandom random = new SplittableRandom(77);
    try (Arena arena = Arena.open()) {
      Matrix u = OrthonormalBasis.of(gaussian(random, p, p)).q();
      Matrix v = OrthonormalBasis.of(gaussian(random, p, p)).q();
      double[] s = new double[p];
      for (int i = 0; i < p; i++) {
        s[i] = i < leading ? 20 - 0.5 * i : 1 - 0.01 * i;
      }
      Matrix w0 = u.copy().scaleColumnsInPlace(s).timesTransposed(v);
      Matrix inTail = OrthonormalBasis.of(gaussian(random, p - leading, 2)).q();
      Matrix left = u.columnRange(leading, p).times(inTail);
      Matrix right = v.columnRange(leading, p).times(inTail);
      write(models.resolve("base"), w0);
      for (int step = 1; step <= steps; step++) {
        double[] strengths = {step >= 10 && step <= 30 ? 30 : 0, step >= 20 ? 25 : 0};
        Matrix scaled = left.copy().scaleColumnsInPlace(strengths);
        write(models.resolve("s" + step), w0.copy().plusInPlace(1, scaled.timesTransposed(right)));
      }
    }
  }

  private static void write(Path folder, Matrix w) throws IOException {
    Files.createDirectories(folder);
    try (OutputStream out = Files.newOutputStream(folder.resolve("model.safetensors"))) {
      new SafetensorsWriter()
          .add("model.layers.0.self_attn.q_proj.weight", w.to(Precision.SINGLE))
          .writeTo(out);
    }
  }

  private static Matrix gaussian(SplittableRandom random, int rows, int cols) {
    Matrix matrix = Matrix.allocate(rows, cols, Precision.DOUBLE);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix.set(i, j, random.nextGaussian());
      }
    }
    return matrix;
  }

  @Test
  void aManifestWithoutSequencesIsRefused() throws IOException {
    String zoo = System.getProperty("zoo");
    Path manifest =
        Files.writeString(
            temporary.resolve("none.yaml"),
            "base: {id: base, uri: %1$s/base}%ncheckpoints: [{id: a, uri: %1$s/lora-r1/1-python}]%n"
                .formatted(zoo));

    assertThat(
            Main.run(
                "accumulate",
                "--manifest",
                manifest.toString(),
                "--out",
                temporary.resolve("none").toString()))
        .isEqualTo(Main.UNUSABLE);
  }

  /**
   * Adapters are projected in stacks, whose size the last digits of a product depend on; vectors
   * between close singular values amplify that.
   */
  private static void assertSameRows(List<Row> found, List<Row> expected) {
    assertThat(found).isNotEmpty().hasSameSizeAs(expected);
    for (int i = 0; i < found.size(); i++) {
      for (String column : expected.get(i).schema().fieldNames()) {
        Object value = expected.get(i).getAs(column);
        if (value instanceof Double number) {
          assertThat(found.get(i).<Double>getAs(column))
              .as("%s of %s", column, expected.get(i))
              .isCloseTo(number, within(1e-4));
        } else if (!column.equals("run_id")) {
          assertThat(found.get(i).<Object>getAs(column)).isEqualTo(value);
        }
      }
    }
  }

  private static List<Row> sorted(Dataset<Row> table) {
    return table
        .orderBy(
            Stream.of("sequence", "step", "matrix", "track")
                .filter(List.of(table.columns())::contains)
                .map(functions::col)
                .toArray(Column[]::new))
        .collectAsList();
  }

  private static int run(String command, Path out, int steps, String... sequences)
      throws IOException {
    String zoo = System.getProperty("zoo");
    StringBuilder manifest =
        new StringBuilder("base: {id: base, uri: %s/base}%ncheckpoints:%n".formatted(zoo));
    for (String sequence : sequences) {
      List<String> chain = new ArrayList<>();
      for (int step = 1; step <= steps; step++) {
        String task = TASKS.get(step - 1);
        String id = "%s/%d-%s".formatted(sequence, step, task);
        chain.add(zoo + "/" + id);
        String source =
            sequence.equals("full")
                ? "uri: " + chain.get(step - 1)
                : "adapters: [%s]".formatted(String.join(", ", chain));
        manifest.append(
            "  - {id: %s, %s, sequence: %s, step: %d, task: %s}%n"
                .formatted(id, source, sequence, step, task));
      }
    }
    Path file = Files.writeString(temporary.resolve("manifest.yaml"), manifest);
    return Main.run(
        command,
        "--manifest",
        file.toString(),
        "--out",
        out.toString(),
        "--include",
        "layers\\.1\\..*proj");
  }

  private static long ledgerEntries(Path out) throws IOException {
    long entries = 0;
    try (Stream<Path> files = Files.list(out.resolve("_work/scan"))) {
      for (Path file : files.toList()) {
        entries += Files.readAllLines(file).size();
      }
    }
    return entries;
  }

  private static Dataset<Row> table(Path out, String table) {
    return SparkSession.builder()
        .master("local[2]")
        .getOrCreate()
        .read()
        .parquet(out.resolve(table).toString());
  }
}
