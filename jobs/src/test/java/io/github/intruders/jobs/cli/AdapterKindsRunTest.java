package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.TableRows;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Adapters of several kinds in one manifest, each beside the whole checkpoint that PEFT, LyCORIS or
 * numpy made of it, and a broken one among them.
 */
@ExtendWith(LocalMaster.class)
class AdapterKindsRunTest {
  private static final List<String> KINDS =
      List.of("dora", "loha", "ia3", "vera", "shira", "mlx", "kohya-lora", "kohya-lokr");

  @TempDir private Path folder;

  private static Path fixture(String path) {
    return Path.of(System.getProperty("zoo"))
        .resolve("../../src/test/resources/fixtures/peft/llama")
        .resolve(path)
        .normalize();
  }

  @Test
  void countsAreThoseOfTheMergedCheckpointsAndTheBrokenOneIsNamed() throws Exception {
    StringBuilder manifest = new StringBuilder("base: {id: base, uri: " + fixture("base") + "}\n");
    manifest.append("checkpoints:\n");
    for (String kind : KINDS) {
      Path bare = fixture(kind).resolve("adapter/" + kind + ".safetensors");
      Path adapter = Files.exists(bare) ? bare : fixture(kind);
      manifest.append("  - {id: %s, adapters: [%s]}%n".formatted(kind, adapter));
      manifest.append(
          "  - {id: %s-merged, uri: %s, merged_from: %s}%n".formatted(kind, merged(kind), kind));
    }
    Path broken = broken();
    Path withNan = withNan();
    manifest.append(
        "  - {id: nan, uri: %s, merged_from: [%s]}%n"
            .formatted(merged("mlx-again", "mlx"), withNan));
    manifest.append("  - {id: broken, adapters: [%s]}%n".formatted(broken));
    manifest.append(
        "  - {id: base-again, uri: %s, merged_from: [%s]}%n"
            .formatted(Files.copy(fixture("base"), folder.resolve("again")), fixture("mlx")));
    Files.copy(
        fixture("base/model.safetensors"), folder.resolve("again").resolve("model.safetensors"));
    Path file = Files.writeString(folder.resolve("manifest.yaml"), manifest);
    Path out = folder.resolve("out");

    int exit =
        Main.run(
            new String[] {
              "run",
              "--manifest",
              file.toString(),
              "--out",
              out.toString(),
              "--epsilon",
              "0.8",
              "--side",
              "both"
            });

    assertThat(exit).isEqualTo(3);
    requireFidelity(out, folder.resolve("rules.yaml"));
    for (String kind : KINDS) {
      Map<String, Row> adapted = counts(out, kind);
      Map<String, Row> expected = counts(out, kind + "-merged");
      assertThat(adapted).as(kind).hasSize(kind.startsWith("kohya") ? 14 : 6);
      assertThat(expected).as(kind).hasSize(14);
      adapted.forEach(
          (matrix, row) -> assertThat(row).as(kind + " " + matrix).isEqualTo(expected.get(matrix)));
    }
    assertThat(counts(out, "loha").values()).anyMatch(row -> row.getInt(1) > 0);
    assertThat(counts(out, "broken")).hasSize(13);
    List<Row> rejects =
        TableRows.table(out, "rejects")
            .select("checkpoint_id", "matrix", "code", "message")
            .orderBy("checkpoint_id")
            .collectAsList();
    assertThat(rejects).hasSize(2);
    assertThat(rejects.get(0))
        .isEqualTo(
            RowFactory.create(
                "broken",
                "model.layers.0.self_attn.q_proj.weight",
                "ADAPTER_INVALID",
                "[file:%s] Tensor lora_te_model_layers_0_self_attn_q_proj.alpha: its lora_down is"
                        .formatted(broken)
                    + " missing"));
    assertThat(rejects.get(1).getString(0)).isEqualTo("nan");
    assertThat(rejects.get(1).getString(2)).isEqualTo("NOT_FINITE");
    assertThat(rejects.get(1).getString(3)).startsWith("[file:%s".formatted(withNan));
    assertThat(
            TableRows.table(out, "fidelity")
                .where("checkpoint_id = 'nan' AND verdict = 'unknown'")
                .select("matrix", "cause", "is_fault")
                .first())
        .isEqualTo(RowFactory.create(rejects.get(1).get(1), rejects.get(1).get(3), null));
    assertThat(counts(out, "nan")).hasSize(14);
  }

  /** Clean merges pass, and the base that is called a merge does not. */
  private static void requireFidelity(Path out, Path rules) throws IOException {
    Map<String, Row> checkpoints = new TreeMap<>();
    for (Row row :
        TableRows.table(out, "checkpoints")
            .select(
                "checkpoint_id",
                "fidelity",
                "fidelity_faults",
                "fidelity_residual",
                "descends",
                "fidelity_note")
            .collectAsList()) {
      checkpoints.put(row.getString(0), row);
    }
    for (String kind : KINDS) {
      Row merged = checkpoints.get(kind + "-merged");
      assertThat(merged.getString(1)).as(kind).isEqualTo("faithful");
      assertThat(merged.getInt(2)).as(kind).isZero();
      assertThat(merged.getDouble(3)).as(kind).isLessThan(1e-5);
      assertThat(merged.getBoolean(4)).as(kind).isTrue();
      assertThat(checkpoints.get(kind).get(1)).as(kind).isNull();
      assertThat(checkpoints.get(kind).get(4)).as(kind).isNull();
    }
    Row unmerged = checkpoints.get("base-again");
    assertThat(unmerged.getString(1)).isEqualTo("unmerged");
    assertThat(unmerged.getInt(2)).isEqualTo(6);
    assertThat(unmerged.getString(5)).startsWith("6 of 14 matrices, such as model.layers.");
    assertThat(
            TableRows.table(out, "fidelity")
                .where("checkpoint_id = 'base-again' AND verdict = 'unmerged'")
                .where("abs(coefficients['1']) <= coefficient_margins['1']")
                .count())
        .isEqualTo(6);
    assertThat(
            TableRows.table(out, "adapter_coverage")
                .where("modules = modules_found AND checkpoint_id LIKE '%-merged'")
                .count())
        .isEqualTo(KINDS.size());
    Files.writeString(
        rules,
        "rules:\n  - {id: merge, table: fidelity, column: residual, max: 0.1, unknown: pass}\n");
    assertThat(
            Main.run(
                new String[] {
                  "check", "--rules", rules.toString(), "--out", out.toString(), "--dry-run"
                }))
        .isEqualTo(4);
  }

  /** The base with the tensors that the adapter changes in place of its own. */
  private Path merged(String kind) throws IOException {
    return merged(kind, kind);
  }

  private Path merged(String id, String kind) throws IOException {
    Path whole = Files.createDirectories(folder.resolve(id));
    SafetensorsParts.read(fixture("base/model.safetensors"))
        .replace(SafetensorsParts.read(fixture(kind).resolve("merged.safetensors")))
        .write(whole.resolve("model.safetensors"), name -> true);
    Files.copy(fixture("base/config.json"), whole.resolve("config.json"));
    return whole;
  }

  /** An adapter whose last number is none. */
  private Path withNan() throws IOException {
    Path copy = Files.createDirectories(folder.resolve("nan"));
    for (Path file :
        List.of(fixture("mlx/adapter_config.json"), fixture("mlx/adapters.safetensors"))) {
      Files.copy(file, copy.resolve(file.getFileName()));
    }
    Path weights = copy.resolve("adapters.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putFloat(bytes.length - Float.BYTES, Float.NaN);
    Files.write(weights, bytes);
    return copy;
  }

  /** A file of kohya's without one of its factors. */
  private Path broken() throws IOException {
    Path file = folder.resolve("broken.safetensors");
    SafetensorsParts.read(fixture("kohya-lora/adapter/kohya-lora.safetensors"))
        .write(
            file, name -> !name.equals("lora_te_model_layers_0_self_attn_q_proj.lora_down.weight"));
    return file;
  }

  /** Matrix, intruders at the epsilon given, and at all of the sweep. */
  private static Map<String, Row> counts(Path out, String checkpoint) {
    Map<String, Row> counts = new TreeMap<>();
    for (Row row :
        TableRows.table(out, "matrices")
            .where("checkpoint_id = '" + checkpoint + "'")
            .select("matrix", "intruder_count", "intruders")
            .collectAsList()) {
      counts.put(row.getString(0), row);
    }
    return counts;
  }
}
