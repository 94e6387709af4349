package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.jobs.config.OwnSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Matrices that a task has no memory for go in blocks, and come out the same. */
@ExtendWith(LocalMaster.class)
class LargeMatricesTest {
  private static final String VECTORS = "singular_vectors";
  private static final List<String> ORDER = List.of("checkpoint_id", "matrix", "singular_index");

  @TempDir private static Path temporary;
  private static Path whole;
  private static Path blocks;
  private static int codeOfBlocks;

  @BeforeAll
  static void scanTwice() throws IOException {
    whole = temporary.resolve("whole");
    blocks = temporary.resolve("blocks");
    assertThat(scan(whole)).isZero();
    System.setProperty(
        OwnSettings.TASK_MEMORY, "1600k"); // not enough for 384x128, enough for 128x128
    codeOfBlocks = scan(blocks);
  }

  @AfterAll
  static void clear() {
    System.clearProperty(OwnSettings.TASK_MEMORY);
  }

  private static int scan(Path out, String... more) throws IOException {
    String zoo = System.getProperty("zoo");
    StringBuilder manifest =
        new StringBuilder("base: {id: base, uri: %s/base}%ncheckpoints:%n".formatted(zoo));
    for (String checkpoint : List.of("full/1-python", "lora-r8/1-python", "lora-r32/1-python")) {
      manifest.append("  - {id: %1$s, uri: %2$s/%1$s}%n".formatted(checkpoint, zoo));
    }
    Path file = Files.writeString(temporary.resolve("manifest.yaml"), manifest);
    List<String> line =
        new ArrayList<>(
            List.of(
                "scan",
                "--manifest",
                file.toString(),
                "--out",
                out.toString(),
                "--include",
                "layers\\.0\\.(mlp\\..*|self_attn\\.q_proj)|embed_tokens"));
    line.addAll(List.of(more));
    return Main.run(line.toArray(String[]::new));
  }

  @Test
  void tallAndWideMatricesAgreeWithWhatOneTaskFinds() {
    String which = "matrix LIKE '%gate%' OR matrix LIKE '%down%' OR matrix LIKE '%embed%'";
    List<Row> expected = rows(whole, VECTORS, which);
    List<Row> found = rows(blocks, VECTORS, which);

    assertThat(expected).hasSize((3 + 3 + 1) * 10); // adapters leave the embedding alone
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      for (String column : List.of("singular_value", "best_similarity", "energy_outside_span")) {
        assertThat(found.get(i).<Double>getAs(column))
            .as("%s of %s", column, expected.get(i))
            .isCloseTo(expected.get(i).getAs(column), within(2e-5));
      }
      assertThat(found.get(i).<Boolean>getAs("is_intruder"))
          .isEqualTo(expected.get(i).getAs("is_intruder"));
    }
  }

  @Test
  void geometryOfBlocksIsThatOfOneTask() {
    String which = "matrix LIKE '%gate%' OR matrix LIKE '%down%' OR matrix LIKE '%embed%'";
    List<Row> expected = rows(whole, "matrices", which);
    List<Row> found = rows(blocks, "matrices", which);

    assertThat(found).hasSize(3 + 3 + 1).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      for (String column :
          List.of("left_rotation", "right_rotation", "left_rotation_mean", "spectral_shift")) {
        assertThat(found.get(i).<Double>getAs(column))
            .as("%s of %s", column, expected.get(i))
            .isCloseTo(expected.get(i).getAs(column), within(1e-3));
      }
      assertThat(found.get(i).<Double>getAs("unchanged_share"))
          .isEqualTo(expected.get(i).getAs("unchanged_share"));
      assertThat(found.get(i).<String>getAs("geometry_note")).isNull();
    }
  }

  @Test
  void theRouteIsNamedAndSmallMatricesKeepTheirs() {
    assertThat(codeOfBlocks).isZero();
    assertThat(rows(blocks, "matrices", "matrix LIKE '%gate%' OR matrix LIKE '%down%'"))
        .hasSize(6)
        .allMatch(row -> row.getAs("solver").equals("gram"));
    assertThat(rows(blocks, "matrices", "matrix LIKE '%q_proj%'"))
        .hasSize(3)
        .noneMatch(row -> row.getAs("solver").equals("gram"));
  }

  @Test
  void whatCanNotGoInBlocksIsRefusedByNameWithFiguresAndARemedy() throws IOException {
    Path out = temporary.resolve("exact");

    int code = scan(out, "--solver", "exact", "--exclude", "q_proj");

    assertThat(code).isEqualTo(3);
    assertThat(rows(out, "rejects", "matrix LIKE '%down%'"))
        .hasSize(3)
        .allSatisfy(
            row -> {
              assertThat(row.<String>getAs("code")).isEqualTo("TOO_LARGE");
              assertThat(row.<String>getAs("message"))
                  .contains("128x384", "MiB", "--solver exact", OwnSettings.TASK_MEMORY);
            });
  }

  @Test
  void aSecondRunComputesNothingAgain() throws IOException {
    long before = rows(blocks, "matrices", "solver = 'gram'").size();

    scan(blocks);

    assertThat(rows(blocks, "matrices", "solver = 'gram'")).hasSize((int) before);
  }

  @Test
  void aBrokenLargeMatrixIsLeftOutAndTheRestIsAnalysed() throws IOException {
    String zoo = System.getProperty("zoo");
    Path nan = Files.createDirectories(temporary.resolve("nan"));
    SafetensorsParts.read(Path.of(zoo, "full/1-python/model.safetensors"))
        .overwrite("model.layers.0.mlp.up_proj.weight", 0, new byte[] {(byte) 0xc0, 0x7f})
        .write(nan.resolve("model.safetensors"), name -> true);
    Path out = temporary.resolve("broken");

    int code =
        Main.run(
            "scan",
            "--base",
            zoo + "/base",
            "--tuned",
            nan.toString(),
            "--include",
            "layers\\.0\\.mlp\\.(up|gate)",
            "--out",
            out.toString());

    assertThat(code).isEqualTo(3);
    assertThat(rows(out, "rejects", "true"))
        .extracting(row -> row.<String>getAs("code"))
        .containsExactly("NOT_FINITE");
    assertThat(rows(out, "matrices", "solver = 'gram'")).hasSize(1);
  }

  private static List<Row> rows(Path out, String table, String where) {
    return SparkSession.builder()
        .master("local[2]")
        .getOrCreate()
        .read()
        .parquet(out.resolve(table).toString())
        .where(where)
        .orderBy(
            ORDER.stream()
                .filter(column -> table.equals(VECTORS) || !column.equals("singular_index"))
                .map(org.apache.spark.sql.functions::col)
                .toArray(org.apache.spark.sql.Column[]::new))
        .collectAsList();
  }
}
