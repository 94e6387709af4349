package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every kind of adapter in every layout, edited: either the folder holds what numpy made of PEFT's
 * merge, or there is no folder and no row.
 */
@ExtendWith(LocalMaster.class)
class EditedKindsTest {
  private static final double EXACT = 1e-6;

  /** Plain LoRA as PEFT saves it, whatever its settings: these are edited. */
  private static final Set<String> PLAIN =
      Set.of(
          "lora",
          "rslora",
          "patterns",
          "all-linear",
          "modules-to-save",
          "embedding",
          "trainable-token-indices",
          "pissa-converted",
          "named");

  /** Edited as well, but PEFT can't merge them, so that there is nothing to compare with. */
  private static final Set<String> NOT_MERGED = Set.of("lora-bias");

  private static final String VARIANT = "all-l0.5";

  @TempDir private Path temporary;
  private final Storage storage = new HadoopStorage(new Configuration());
  private final TensorReader reader = new TensorReader(storage);

  private static Path fixtures() {
    return Path.of(System.getProperty("zoo"))
        .resolve("../../src/test/resources/fixtures")
        .normalize();
  }

  /** What a checkpoint is made of, by id. */
  private final Map<String, List<Path>> checkpoints = new TreeMap<>();

  private Path mitigate(Path base) throws IOException {
    StringBuilder manifest = new StringBuilder("base: {id: base, uri: %s}%n".formatted(base));
    manifest.append("checkpoints:\n");
    checkpoints.forEach(
        (id, sources) -> manifest.append("  - {id: %s, adapters: %s}%n".formatted(id, sources)));
    Path out = temporary.resolve("out");
    Outcome outcome =
        Outcome.of(
            "mitigate",
            "--manifest",
            Files.writeString(temporary.resolve("manifest.yaml"), manifest).toString(),
            "--out",
            out.toString(),
            "--lambda",
            "0.5",
            "--select",
            "all",
            "--epsilon",
            "0.8",
            "--allow-rejects");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    return out;
  }

  @Test
  void everyKindIsEditedOrLeavesNothing() throws IOException {
    Path base = fixtures().resolve("peft/llama/base");
    try (Stream<Path> kinds = Files.list(fixtures().resolve("peft/llama"))) {
      for (Path kind : kinds.sorted().toList()) {
        String name = kind.getFileName().toString();
        if (name.equals("chain")) {
          checkpoints.put(name, List.of(kind.resolve("1"), kind.resolve("2")));
        } else if (name.equals("mixed")) {
          try (Stream<Path> links = Files.list(kind)) {
            checkpoints.put(name, links.filter(Files::isDirectory).sorted().toList());
          }
        } else if (!name.equals("base")) {
          Path bare = kind.resolve("adapter/" + name + ".safetensors");
          checkpoints.put(name, List.of(Files.exists(bare) ? bare : kind));
        }
      }
    }
    Set<String> refused = new TreeSet<>(checkpoints.keySet());
    refused.removeAll(PLAIN);
    refused.removeAll(NOT_MERGED);
    refused.remove("chain");
    assertThat(refused).contains("dora", "olora", "pissa", "loha", "vera", "mixed", "kohya-lora");

    Path out = mitigate(base);

    Set<String> written = new TreeSet<>(PLAIN);
    written.addAll(NOT_MERGED);
    written.add("chain");
    assertThat(names(out.resolve("mitigated"))).isEqualTo(written);
    assertThat(checkpointsWithRows(out)).isEqualTo(written);
    for (String kind : PLAIN) {
      requireEdited(out, kind, base, "llama/" + kind);
    }
    requireEdited(out, "chain", base, "llama/chain/2");
    assertThat(rejected(out)).containsAll(refused);
  }

  @Test
  void everyLayoutIsEdited() throws IOException {
    Path base = fixtures().resolve("peft/llama/base");
    Path layouts = fixtures().resolve("edits");
    for (String layout :
        List.of(
            "orthogonal",
            "gaussian",
            "eva",
            "left-over",
            "pickled",
            "pickled-columns",
            "old-names",
            "insertion",
            "beside-merged",
            "mlflow",
            "sharded")) {
      checkpoints.put(layout, List.of(layouts.resolve(layout)));
    }
    checkpoints.put("torchtune", List.of(layouts.resolve("torchtune/epoch_0")));
    checkpoints.put("one-file", List.of(oneFile(layouts.resolve("sharded"))));

    Path out = mitigate(base);

    for (String layout : checkpoints.keySet()) {
      Path folder =
          requireEdited(
              out, layout, base, "edits/" + (layout.equals("one-file") ? "sharded" : layout));
      Set<String> files = names(folder);
      if (Files.exists(folder.resolve("adapter_config.json"))) {
        files.removeAll(Set.of("config.json", "tokenizer.json", "README.md")); // what may go along
        assertThat(files)
            .as(layout)
            .containsExactlyInAnyOrder(
                "adapter_config.json", "adapter_model.safetensors", "mitigation.json");
        requireInert(folder.resolve("adapter_config.json"));
      } else {
        assertThat(files)
            .as(layout)
            .isSubsetOf(
                "config.json",
                "mitigation.json",
                "model.safetensors",
                "model.safetensors.index.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors");
      }
    }
    assertThat(rejected(out)).isEmpty();
  }

  /** The merged checkpoint as one file, beside an adapter's config and other weights. */
  private Path oneFile(Path sharded) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve("one-file"));
    Path file = folder.resolve("model.safetensors");
    SafetensorsParts.read(sharded.resolve("model-00001-of-00002.safetensors"))
        .replace(SafetensorsParts.read(sharded.resolve("model-00002-of-00002.safetensors")))
        .write(file, name -> true);
    Files.writeString(folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\"}");
    Files.writeString(folder.resolve("mitigation.json"), "{}");
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\": {}}");
    Files.writeString(folder.resolve("model.Q4_K.GGUF"), "unedited");
    return file;
  }

  /** What PEFT does when it loads an adapter must not depend on how the source was begun. */
  private static void requireInert(Path config) throws IOException {
    JsonNode fields = new ObjectMapper().readTree(config.toFile());
    assertThat(fields.path("init_lora_weights").isBoolean()).as("%s", config).isTrue();
    for (String field : List.of("corda_config", "eva_config", "loftq_config", "lora_ga_config")) {
      assertThat(fields.path(field).isEmpty()).as("%s %s", config, field).isTrue();
    }
  }

  @Test
  void namesThatDifferByAPrefixPairInTheEditAsInTheScan() throws IOException {
    Path base = fixtures().resolve("edits/headless");
    checkpoints.put("headless-lora", List.of(fixtures().resolve("peft/llama/lora")));

    Path out = mitigate(base);

    requireEdited(out, "headless-lora", base, "edits/headless-lora");
  }

  @Test
  void layersThatStoreInputsFirstAreEdited() throws IOException {
    Path base = fixtures().resolve("peft/gpt2/base");
    checkpoints.put("lora", List.of(fixtures().resolve("peft/gpt2/lora")));
    checkpoints.put("dora", List.of(fixtures().resolve("peft/gpt2/dora")));

    Path out = mitigate(base);

    requireEdited(out, "lora", base, "gpt2/lora");
    assertThat(names(out.resolve("mitigated"))).containsExactly("lora");
  }

  /** Experts can't be edited, and so nothing is written of an adapter that has some. */
  @Test
  void anAdapterWithExpertsLeavesNothing() throws IOException {
    checkpoints.put("experts", List.of(fixtures().resolve("peft/qwen3-moe/target-parameters")));

    Path out = mitigate(fixtures().resolve("peft/qwen3-moe/base"));

    assertThat(out.resolve("mitigated/experts/" + VARIANT)).doesNotExist();
    assertThat(checkpointsWithRows(out)).isEmpty();
    assertThat(rejected(out)).containsExactly("experts");
  }

  /** A folder that an earlier version left, or that someone changed, does not stay as it is. */
  @Test
  void whatAnEarlierRunLeftIsReplacedOrRemoved() throws IOException {
    checkpoints.put("dora", List.of(fixtures().resolve("peft/llama/dora")));
    checkpoints.put("lora", List.of(fixtures().resolve("peft/llama/lora")));
    Path left = temporary.resolve("out/mitigated/dora").resolve(VARIANT);
    Files.createDirectories(left);
    Files.writeString(left.resolve("adapter_model.safetensors"), "unedited");
    Path base = fixtures().resolve("peft/llama/base");

    Path out = mitigate(base);
    assertThat(left).doesNotExist();
    Path folder = requireEdited(out, "lora", base, "llama/lora");

    Path marker = folder.resolve("mitigation.json");
    Files.writeString(
        marker, Files.readString(marker).replace("\"lambda\" : 0.5", "\"lambda\" : 0.7"));
    Files.delete(folder.resolve("adapter_model.safetensors"));
    Files.copy(
        fixtures().resolve("peft/llama/lora/adapter_model.safetensors"),
        folder.resolve("adapter_model.safetensors"));
    mitigate(base);
    requireEdited(out, "lora", base, "llama/lora");
    assertThat(Files.readString(marker)).contains("\"lambda\" : 0.5");

    Files.delete(marker); // as a job does that is killed before it is done
    Files.copy(
        fixtures().resolve("peft/llama/lora/adapter_model.safetensors"),
        folder.resolve("adapter_model.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    mitigate(base);
    requireEdited(out, "lora", base, "llama/lora");
  }

  /** Edits that are emptied, cut short, changed or exchanged are made again. */
  @Test
  void damagedEditsAreMadeAgain() throws IOException {
    checkpoints.put("lora", List.of(fixtures().resolve("peft/llama/lora")));
    Path base = fixtures().resolve("peft/llama/base");
    Path out = mitigate(base);
    List<Path> edits = new ArrayList<>();
    try (Stream<Path> files = Files.list(out.resolve("_work/mitigation/edits"))) {
      files.filter(file -> file.toString().endsWith(".safetensors")).sorted().forEach(edits::add);
    }
    assertThat(edits).hasSize(6);
    List<byte[]> whole = new ArrayList<>();
    for (Path edit : edits) {
      whole.add(Files.readAllBytes(edit));
    }
    Files.write(edits.get(0), new byte[0]);
    Files.write(edits.get(1), Arrays.copyOf(whole.get(1), whole.get(1).length / 2));
    byte[] flipped = whole.get(2).clone();
    flipped[flipped.length - 3] ^= 0x10;
    Files.write(edits.get(2), flipped);
    Files.write(edits.get(3), whole.get(4));
    Files.write(edits.get(4), whole.get(3));
    Files.delete(edits.get(5));
    Files.delete(out.resolve("mitigated/lora").resolve(VARIANT).resolve("mitigation.json"));
    Files.delete(
        out.resolve("mitigated/lora").resolve(VARIANT).resolve("adapter_model.safetensors"));

    mitigate(base);

    requireEdited(out, "lora", base, "llama/lora");
    for (int i = 0; i < edits.size(); i++) {
      assertThat(Files.readAllBytes(edits.get(i))).as("%s", edits.get(i)).isEqualTo(whole.get(i));
    }
  }

  /** Markers that are changed by a bit, cut short, exchanged or emptied are not believed. */
  @Test
  void damagedMarkersAreMadeAgain() throws IOException {
    Path base = fixtures().resolve("peft/llama/base");
    List<String> ids = List.of("lora", "rslora");
    for (String id : ids) {
      checkpoints.put(id, List.of(fixtures().resolve("peft/llama").resolve(id)));
    }
    Path out = mitigate(base);
    Path first = out.resolve("mitigated/lora").resolve(VARIANT).resolve("mitigation.json");
    Path second = out.resolve("mitigated/rslora").resolve(VARIANT).resolve("mitigation.json");
    byte[] one = Files.readAllBytes(first);
    byte[] other = Files.readAllBytes(second);
    byte[] flipped = one.clone();
    flipped[one.length / 2] ^= 0x01;
    List<List<byte[]>> damages =
        List.of(
            List.of(flipped, Arrays.copyOf(other, other.length / 2)),
            List.of(other, one),
            List.of(new byte[0], other));
    for (List<byte[]> damage : damages) {
      Files.write(first, damage.get(0));
      Files.write(second, damage.get(1));

      mitigate(base);

      assertThat(Files.readAllBytes(first)).isEqualTo(one);
      assertThat(Files.readAllBytes(second)).isEqualTo(other);
      for (String id : ids) {
        requireEdited(out, id, base, "llama/" + id);
      }
    }
  }

  private static Set<String> names(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return Set.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return new TreeSet<>(files.map(file -> file.getFileName().toString()).toList());
    }
  }

  private static Set<String> checkpointsWithRows(Path out) {
    return column(out, "mitigations");
  }

  private static Set<String> rejected(Path out) {
    return column(out, "rejects");
  }

  private static Set<String> column(Path out, String table) {
    Set<String> ids = new TreeSet<>();
    if (Files.exists(out.resolve(table))) {
      for (Row row : TableRows.table(out, table).select("checkpoint_id").collectAsList()) {
        ids.add(row.getString(0));
      }
    }
    return ids;
  }

  /** Compares every matrix that the golden file has with what the folder's files say. */
  private Path requireEdited(Path out, String id, Path base, String golden) throws IOException {
    Path folder = out.resolve("mitigated").resolve(id).resolve(VARIANT);
    Checkpoint expected =
        Checkpoint.open(storage, fixtures().resolve("edits/expected.safetensors").toString());
    Checkpoint bases = Checkpoint.open(storage, base.toString());
    List<String> compared = new ArrayList<>();
    for (TensorInfo tensor : expected.tensors().values()) {
      if (tensor.name().startsWith(golden + "/")
          && tensor.name().indexOf('/', golden.length() + 1) < 0) {
        String matrix = tensor.name().substring(golden.length() + 1);
        try (Arena arena = Arena.open()) {
          Matrix w = read(tensor);
          Matrix found = stored(folder, matrix, bases);
          double norm = w.frobeniusNorm();
          assertThat(found.plusInPlace(-1, w).frobeniusNorm() / norm)
              .as("%s %s", id, matrix)
              .isLessThan(EXACT);
        }
        compared.add(matrix);
      }
    }
    assertThat(compared).as(id).isNotEmpty();
    return folder;
  }

  /** The weight that a reader of the folder gets, as the base stores it. */
  private Matrix stored(Path folder, String matrix, Checkpoint base) throws IOException {
    if (!Adapter.isAdapter(storage, folder.toString())) {
      return read(Checkpoint.open(storage, folder.toString()).tensors().get(matrix));
    }
    String end = matrix.substring(Math.max(0, matrix.indexOf("layers."))); // prefixes may differ
    LowRankSource update =
        Adapter.open(storage, folder.toString()).updates().entrySet().stream()
            .filter(entry -> entry.getKey().endsWith(end))
            .map(entry -> (LowRankSource) entry.getValue())
            .findFirst()
            .orElseThrow();
    Matrix w = read(base.tensors().get(matrix));
    Matrix b = reader.read(update.b(), Precision.DOUBLE);
    Matrix a = reader.read(update.a(), Precision.DOUBLE);
    return matrix.startsWith("transformer.h.")
        ? w.plusProductInPlace(update.scale(), a.transposed(), b.transposed())
        : w.plusProductInPlace(update.scale(), b, a);
  }

  private Matrix read(TensorInfo tensor) throws IOException {
    return reader.read(MatrixSource.of(tensor, false).get(0), Precision.DOUBLE);
  }
}
