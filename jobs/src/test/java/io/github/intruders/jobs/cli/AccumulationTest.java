package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.jobs.TableRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import scala.jdk.javaapi.CollectionConverters;

/** Sequences from checkpoints on disk to the tables. */
@ExtendWith({LocalMaster.class, ZooRun.Shared.class})
class AccumulationTest {
  private static final List<String> TASKS = List.of("python", "c", "javascript", "xml");
  static final List<String> TABLES =
      List.of("intruder_tracks", "accumulation", "accumulation_by_matrix");

  @TempDir private static Path temporary;

  /** The counts are those that numpy finds, see the zoo's README. */
  @Test
  void countsOfTheZooAreThoseOfTheScanAndAddUpAtEveryStep(ZooRun run) {
    assertThat(run.outcome().exitCode()).isZero();
    Path out = run.out();

    List<Row> steps = sorted(TableRows.table(out, "accumulation"));
    assertThat(
            steps.stream()
                .collect(
                    Collectors.groupingBy(
                        row -> row.<String>getAs("sequence"),
                        Collectors.mapping(
                            row -> row.<Integer>getAs("intruders"), Collectors.toList()))))
        .isEqualTo(
            Map.of(
                "full", List.of(0, 2, 9, 3),
                "lora-r1", List.of(22, 50, 73, 105),
                "lora-r8", List.of(24, 76, 97, 100),
                "lora-r32", List.of(1, 6, 6, 10)));
    assertAddsUp(out);
    assertThat(
            TableRows.table(out, "accumulation")
                .join(TableRows.table(out, "checkpoints"), "checkpoint_id")
                .where("intruder_count <> born + persisted"))
        .matches(Dataset::isEmpty);
    assertThat(
            TableRows.table(out, "intruder_tracks")
                .where("state <> 'born' AND step = 1 OR born_at_step > step"))
        .matches(Dataset::isEmpty);
    assertThat(
            TableRows.table(out, "intruder_tracks")
                .where("born_by_task IS NULL OR state <> 'born' AND previous_step <> step - 1"))
        .matches(Dataset::isEmpty);
  }

  /** In both tables born + persisted = intruders; what was there persists or fades. */
  static void assertAddsUp(Path out) {
    for (String table : List.of("accumulation", "accumulation_by_matrix")) {
      assertThat(TableRows.table(out, table).where("born + persisted <> intruders"))
          .as(table)
          .matches(Dataset::isEmpty);
    }
    Dataset<Row> now = TableRows.table(out, "accumulation_by_matrix");
    Dataset<Row> before =
        now.select(
            functions.col("sequence"),
            functions.col("matrix"),
            functions.col("step").plus(1).as("step"),
            functions.col("intruders").as("had"));
    Dataset<Row> both =
        now.join(
            before, CollectionConverters.asScala(List.of("sequence", "matrix", "step")).toSeq());
    assertThat(both.where("persisted + faded <> had")).matches(Dataset::isEmpty);
  }

  @Test
  void aNightlyRunThatAddsAStepDecomposesThatStepAloneAndEndsWithTheSameTables()
      throws IOException {
    Path nightly = temporary.resolve("nightly");
    for (int steps = 1; steps <= 4; steps++) {
      assertThat(run("run", nightly, steps, "lora-r8")).isZero();
      assertThat(ledgerEntries(nightly)).as("matrices decomposed in all").isEqualTo(steps * 7L);
    }
    Path once = temporary.resolve("once");
    assertThat(run("run", once, 4, "lora-r8")).isZero();
    for (String table : TABLES) {
      assertSameRows(sorted(TableRows.table(nightly, table)), sorted(TableRows.table(once, table)));
    }
  }

  @Test
  void theCommandWorksOnWhatAScanLeftAndLeavesOtherSequencesAlone() throws IOException {
    Path out = temporary.resolve("separate");
    assertThat(run("accumulate", out, 2, "lora-r1")).isEqualTo(Main.UNUSABLE);
    assertThat(run("scan", out, 2, "lora-r1", "lora-r8")).isZero();
    assertThat(Files.exists(out.resolve("accumulation"))).isFalse();

    assertThat(run("accumulate", out, 2, "lora-r1", "lora-r8")).isZero();
    List<Row> both = sorted(TableRows.table(out, "accumulation"));
    assertThat(run("accumulate", out, 2, "lora-r1")).isZero();

    assertThat(both).hasSize(4);
    assertSameRows(sorted(TableRows.table(out, "accumulation")), both);
  }

  @Test
  void vectorsThatAreGoneAreRejectedByNameAndTracksStartAfreshBehindThem() throws IOException {
    Path out = temporary.resolve("gone");
    assertThat(run("scan", out, 3, "lora-r1", "lora-r8")).isZero();
    Path vectors = vectors(out, "lora-r1/2-c");
    byte[] kept = Files.readAllBytes(vectors);
    Files.delete(vectors);
    Files.delete(vectors(out, "lora-r8/3-javascript"));

    assertThat(run("accumulate", out, 3, "lora-r1", "lora-r8")).isEqualTo(Main.DONE_WITH_REJECTS);

    assertThat(TableRows.table(out, "rejects").orderBy("checkpoint_id").collectAsList())
        .extracting(row -> row.<String>getAs("code"), row -> row.<String>getAs("checkpoint_id"))
        .containsExactly(
            tuple("VECTORS_MISSING", "lora-r1/2-c"),
            tuple("VECTORS_MISSING", "lora-r8/3-javascript"));
    assertThat(TableRows.table(out, "rejects").where("checkpoint_id = 'lora-r1/2-c'").first())
        .satisfies(
            row ->
                assertThat(row.<String>getAs("message"))
                    .contains(vectors.getFileName().toString()));
    assertAddsUp(out);
    Dataset<Row> matrix =
        TableRows.table(out, "accumulation_by_matrix")
            .where("sequence = 'lora-r1' AND matrix LIKE '%q_proj%'")
            .orderBy("step");
    assertThat(matrix.collectAsList())
        .extracting(row -> row.<Integer>getAs("step"))
        .containsExactly(1, 3);
    Row behind = matrix.where("step = 3").first();
    assertThat(behind.<Integer>getAs("intruders")).isPositive();
    assertThat(behind.<Integer>getAs("born")).isEqualTo(behind.<Integer>getAs("intruders"));

    Files.write(vectors, kept);
    assertThat(run("accumulate", out, 3, "lora-r1")).isZero();
    assertThat(TableRows.table(out, "rejects").collectAsList())
        .as("what was said of the other sequence stays")
        .singleElement()
        .satisfies(
            row ->
                assertThat(row.<String>getAs("checkpoint_id")).isEqualTo("lora-r8/3-javascript"));

    Files.write(vectors, new byte[kept.length]);
    assertThat(run("run", out, 3, "lora-r1", "lora-r8"))
        .as("what was lost is computed again")
        .isZero();
    assertThat(vectors).hasBinaryContent(kept);
    long finished = ledgerEntries(out);

    Files.write(vectors, new byte[kept.length]);
    assertThat(run("run", out, 3, "lora-r1", "lora-r8")).isEqualTo(Main.DONE_WITH_REJECTS);
    assertThat(ledgerEntries(out)).as("the next run does so again").isLessThan(finished);
  }

  private static Path vectors(Path out, String checkpoint) {
    String key =
        TableRows.table(out, "matrices")
            .where(functions.col("checkpoint_id").equalTo(checkpoint))
            .where("matrix LIKE '%q_proj%'")
            .select("scan_key")
            .first()
            .getString(0);
    return out.resolve("_work/vectors/" + key + ".safetensors");
  }

  @Test
  void aStepThatWasNotScannedIsRejectedByName() throws IOException {
    Path out = temporary.resolve("unscanned");
    assertThat(run("scan", out, 2, "lora-r1")).isZero();

    assertThat(run("accumulate", out, 3, "lora-r1")).isEqualTo(Main.DONE_WITH_REJECTS);

    assertThat(TableRows.table(out, "accumulation").count()).isEqualTo(2);
    assertThat(TableRows.table(out, "rejects").collectAsList())
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.<String>getAs("code")).isEqualTo("STEP_MISSING");
              assertThat(row.<String>getAs("checkpoint_id")).isEqualTo("lora-r1/3-javascript");
              assertThat(row.<String>getAs("message"))
                  .isEqualTo(
                      "Sequence lora-r1 can't be followed through step 3, of which the scan's"
                          + " tables have nothing; the intruders of the next step count as born");
            });
    assertThat(run("accumulate", out, 2, "lora-r8"))
        .as("a sequence of which nothing was scanned")
        .isEqualTo(Main.UNUSABLE);
  }

  @Test
  void settingsThatAreNotThoseOfTheScanAreRefusedAndTheTablesStay() throws IOException {
    Path out = temporary.resolve("settings");
    assertThat(run("run", out, 2, "lora-r1")).isZero();
    List<Row> before = sorted(TableRows.table(out, "accumulation"));

    for (List<String> other :
        List.of(List.of("--side", "right"), List.of("--epsilon", "0.9"), List.of("--top-k", "5"))) {
      assertThat(run("accumulate", out, 2, other, "lora-r1"))
          .as(other.toString())
          .isEqualTo(Main.UNUSABLE);
    }

    assertThat(sorted(TableRows.table(out, "accumulation"))).isEqualTo(before);
  }

  @Test
  void ofTwoSidesTheFirstIsCountedAndItsEnergyShared() throws IOException {
    Path out = temporary.resolve("both");
    assertThat(run("run", out, 2, List.of("--side", "both"), "lora-r1")).isZero();

    List<Row> expected =
        TableRows.table(out, "singular_vectors")
            .where("side = 'left'")
            .groupBy("checkpoint_id")
            .agg(
                functions.expr("count_if(is_intruder)").as("intruders"),
                functions
                    .expr(
                        "sum(if(is_intruder, singular_value * singular_value, 0))"
                            + " / sum(singular_value * singular_value)")
                    .as("share"))
            .orderBy("checkpoint_id")
            .collectAsList();
    List<Row> found = TableRows.table(out, "accumulation").orderBy("checkpoint_id").collectAsList();
    assertThat(found).hasSize(2);
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i).<Integer>getAs("intruders"))
          .isPositive()
          .isEqualTo((int) expected.get(i).getLong(1));
      assertThat(found.get(i).<Double>getAs("intruder_energy_share"))
          .isCloseTo(expected.get(i).getDouble(2), within(1e-9));
    }
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
  static void assertSameRows(List<Row> found, List<Row> expected) {
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

  static List<Row> sorted(Dataset<Row> table) {
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
    return run(command, out, steps, List.of(), sequences);
  }

  private static int run(
      String command, Path out, int steps, List<String> options, String... sequences)
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
    List<String> arguments =
        new ArrayList<>(
            List.of(
                command,
                "--manifest",
                file.toString(),
                "--out",
                out.toString(),
                "--include",
                "layers\\.1\\..*proj"));
    arguments.addAll(options);
    return Main.run(arguments.toArray(String[]::new));
  }

  static long ledgerEntries(Path out) throws IOException {
    long entries = 0;
    try (Stream<Path> files = Files.list(out.resolve("_work/scan"))) {
      for (Path file : files.toList()) {
        entries += Files.readAllLines(file).size();
      }
    }
    return entries;
  }
}
