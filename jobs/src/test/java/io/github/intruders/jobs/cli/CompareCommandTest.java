package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.cli.PlantedModels.Planted;
import io.github.intruders.jobs.progress.TaskMetrics;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Pairs of checkpoints in which everything is known, since it was planted. */
@ExtendWith(LocalMaster.class)
class CompareCommandTest {
  private static final String Q_PROJ = "model.layers.0.self_attn.q_proj";
  private static final int SIZE = 64;
  private static final int RANK = 2;

  @TempDir private Path temporary;

  /** Five in a family, one of them a copy of another; a bridge to three others; a broken one. */
  @Test
  void familiesCopiesAndSharedIntrudersAreFoundAndABrokenCheckpointCostsItselfAlone()
      throws IOException {
    PlantedModels.write(
        temporary,
        Map.of(
            Q_PROJ + ".weight",
            List.of(
                List.of(Planted.of(30, 0)),
                List.of(Planted.of(25, 0), Planted.of(30, 1)),
                List.of(Planted.of(30, 2)))));
    Matrix shared = random(1, SIZE, RANK);
    adapter("near", sum(shared, random(2, SIZE, RANK), 0.2), 1, RANK);
    adapter("near-copy", sum(shared, random(2, SIZE, RANK), 0.2), 1, RANK);
    adapter("near-other", sum(shared, random(3, SIZE, RANK), 0.2), 1, RANK);
    adapter("strong", sum(shared, random(2, SIZE, RANK), 0.2), 1, 2 * RANK);
    adapter("alone", random(9, SIZE, RANK), 9, RANK);
    adapter("broken", random(8, SIZE, RANK), 8, RANK);
    Path broken = temporary.resolve("broken/adapter_model.safetensors");
    byte[] bytes = Files.readAllBytes(broken);
    bytes[bytes.length - 1] = 0x7f;
    bytes[bytes.length - 2] = (byte) 0xc0; // NaN
    Files.write(broken, bytes);
    Files.writeString(
        temporary.resolve("manifest.yaml"),
        """
        base: {id: base, uri: base}
        checkpoints:
          - {id: s1, uri: s1, sequence: s, step: 1}
          - {id: s2, uri: s2, sequence: s, step: 2}
          - {id: s3, uri: s3, sequence: s, step: 3}
          - {id: near, adapters: [near]}
          - {id: near-copy, adapters: [near-copy]}
          - {id: near-other, adapters: [near-other]}
          - {id: strong, adapters: [strong]}
          - {id: alone, adapters: [alone]}
          - {id: broken, adapters: [broken]}
          - {id: missing, adapters: [nowhere]}
        """);
    Path out = temporary.resolve("out");
    Outcome scanned =
        Outcome.of(
            "scan",
            "--manifest",
            temporary.resolve("manifest.yaml").toString(),
            "--out",
            out.toString());
    assertThat(scanned.exitCode()).as(scanned.err()).isEqualTo(Main.DONE_WITH_REJECTS);
    List<String> rejects = TableRows.of(out.resolve("rejects"));

    Outcome compared = compare(out);

    assertThat(compared.exitCode()).as(compared.err()).isEqualTo(Main.DONE_WITH_REJECTS);
    assertThat(compared.out()).contains("9 checkpoints on base 'base', 36 pairs");
    Map<String, Row> pairs = pairs(out);
    assertThat(pairs).hasSize(9 * 8 / 2);
    assertThat(pairs.get("near near-copy").<String>getAs("duplicate")).isEqualTo("exact");
    assertThat(pairs.get("near strong").<String>getAs("duplicate")).isEqualTo("scaled");
    assertThat(pairs.get("near near-other").<String>getAs("duplicate")).isNull();
    assertThat(pairs.get("alone near").<String>getAs("duplicate")).isNull();
    assertThat(pairs.get("near near-copy").<Double>getAs("update_cosine"))
        .isCloseTo(1, within(1e-12));
    assertThat(pairs.get("alone broken").<Integer>getAs("rejected")).isEqualTo(1);
    assertThat(pairs.get("alone broken").<Double>getAs("update_cosine")).isNull();
    assertThat(pairs.get("alone broken").<Boolean>getAs("safe_to_merge")).isNull();
    assertThat(pairs.get("alone broken").<String>getAs("duplicate")).isNull();
    assertThat(pairs.get("alone broken").<Double>getAs("relative_distance")).isNull();
    assertThat(pairs.get("s1 s2").<Integer>getAs("shared_intruders")).isEqualTo(1);
    assertThat(pairs.get("s1 s3").<Integer>getAs("shared_intruders")).isZero();
    assertThat(pairs.get("s2 s3").<Integer>getAs("shared_intruders")).isZero();
    assertThat(families(out))
        .isEqualTo(
            Map.of(
                "near",
                "near",
                "near-copy",
                "near",
                "near-other",
                "near",
                "strong",
                "near",
                "s1",
                "s1",
                "s2",
                "s1"));
    assertThat(TableRows.of(out.resolve("rejects")))
        .as("what the scan left out is told once")
        .isEqualTo(rejects);
    assertThat(Files.readString(out.resolve("report/index.html"))).contains("\"compared\":{");
  }

  /** One matrix and more checkpoints than a chunk: two groups, whose factors travel. */
  @Test
  void manyCheckpointsOfOneMatrixAreComparedInGroupsThatAreReadOnce() throws IOException {
    Path model = Files.createDirectories(temporary.resolve("base"));
    try (OutputStream to = Files.newOutputStream(model.resolve("model.safetensors"))) {
      new SafetensorsWriter().add(Q_PROJ + ".weight", random(5, SIZE, SIZE)).writeTo(to);
    }
    int count = 70;
    StringBuilder manifest = new StringBuilder("base: {id: base, uri: base}\ncheckpoints:\n");
    for (int i = 0; i < count; i++) {
      String id = "a%02d".formatted(i);
      adapter(id, random(100 + i, SIZE, RANK), i == 69 ? 100 : 200 + i, RANK);
      manifest.append("  - {id: %s, adapters: [%s]}%n".formatted(id, id));
    }
    Matrix zeroth = random(100, SIZE, RANK);
    adapter("a69", zeroth, 200, RANK);
    Files.writeString(temporary.resolve("manifest.yaml"), manifest);
    Path out = temporary.resolve("out");

    Outcome planned = compare(out, "--dry-run");
    assertThat(planned.exitCode()).as(planned.err()).isZero();
    assertThat(planned.out())
        .contains("70 checkpoints, 2415 pairs, over 1 matrices of the base: 70 updates")
        .contains("In 2 groups of checkpoints");
    assertThat(out).doesNotExist();
    long planning = TaskMetrics.current().bytesRead().sum();

    Outcome compared = compare(out);

    assertThat(compared.exitCode()).as(compared.err()).isZero();
    long tensors = (long) count * 2 * SIZE * RANK * Float.BYTES;
    assertThat(TaskMetrics.current().bytesRead().sum() - planning)
        .as("bytes of the factors, each read once")
        .isBetween(tensors, tensors + tensors / 5);
    Map<String, Row> pairs = pairs(out);
    assertThat(pairs).hasSize(count * (count - 1) / 2);
    assertThat(
            pairs.values().stream()
                .filter(pair -> pair.getAs("duplicate") != null)
                .map(CompareCommandTest::name))
        .containsExactly("a00 a69");
    assertThat(families(out)).isEqualTo(Map.of("a00", "a00", "a69", "a00"));
    assertThat(TableRows.of(out.resolve("adapter_neighbours"))).hasSize(10 * count);
    assertThat(TableRows.of(out.resolve("adapter_pairs_by_matrix"))).hasSize(2415);

    requireThatNoUpdateDisturbsNothing();

    Outcome refused = compare(out, "--max-pairs", "2000");
    assertThat(refused.exitCode()).isEqualTo(Main.UNUSABLE);
    assertThat(refused.err()).contains("70 checkpoints are 2415 pairs, more than --max-pairs 2000");
  }

  /** Two adapters that change nothing are copies, and don't stand among pairs that interfere. */
  private void requireThatNoUpdateDisturbsNothing() throws IOException {
    Path manifest = temporary.resolve("manifest.yaml");
    String many = Files.readString(manifest);
    adapter("none-1", random(1, SIZE, RANK), 2, 0);
    adapter("none-2", random(3, SIZE, RANK), 4, 0);
    Files.writeString(
        manifest,
        """
        base: {id: base, uri: base}
        checkpoints:
          - {id: none-1, adapters: [none-1]}
          - {id: none-2, adapters: [none-2]}
        """);

    Outcome none = compare(temporary.resolve("none"));

    Files.writeString(manifest, many);
    assertThat(none.exitCode()).as(none.err()).isZero();
    assertThat(none.out())
        .startsWith("2 checkpoints on base 'base', 1 pair: 0 safe to merge, copies: 1 exact")
        .doesNotContain("disturb each other");
  }

  private Outcome compare(Path out, String... more) {
    return Outcome.of(
        Stream.concat(
                Stream.of(
                    "compare",
                    "--manifest",
                    temporary.resolve("manifest.yaml").toString(),
                    "--out",
                    out.toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private void adapter(String id, Matrix b, int seedOfA, int alpha) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve(id));
    try (OutputStream to = Files.newOutputStream(folder.resolve("adapter_model.safetensors"))) {
      new SafetensorsWriter()
          .add(
              "base_model.model." + Q_PROJ + ".lora_A.weight",
              random(seedOfA, RANK, SIZE).to(Precision.SINGLE))
          .add("base_model.model." + Q_PROJ + ".lora_B.weight", b.to(Precision.SINGLE))
          .writeTo(to);
    }
    Files.writeString(
        folder.resolve("adapter_config.json"),
        """
        {"peft_type": "LORA", "r": %d, "lora_alpha": %d, "target_modules": ["q_proj"]}
        """
            .formatted(RANK, alpha));
  }

  private static Matrix random(int seed, int rows, int cols) {
    SplittableRandom random = new SplittableRandom(seed);
    Matrix matrix = Matrix.allocate(rows, cols, Precision.DOUBLE);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix.set(i, j, 0.1 * random.nextGaussian());
      }
    }
    return matrix;
  }

  private static Matrix sum(Matrix one, Matrix other, double factor) {
    return one.copy().plusInPlace(factor, other);
  }

  private static Map<String, Row> pairs(Path out) {
    return TableRows.table(out, "adapter_pairs").collectAsList().stream()
        .collect(Collectors.toMap(CompareCommandTest::name, row -> row));
  }

  private static String name(Row pair) {
    return pair.getAs("checkpoint_a") + " " + pair.getAs("checkpoint_b");
  }

  private static Map<String, String> families(Path out) {
    return TableRows.table(out, "adapter_families").collectAsList().stream()
        .filter(row -> row.getAs("family") != null)
        .collect(Collectors.toMap(row -> row.getAs("checkpoint_id"), row -> row.getAs("family")));
  }
}
