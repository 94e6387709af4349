package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.TableRows;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A corpus of broken checkpoints beside a healthy one, in one run. Each gets its own clear message,
 * listed in {@code golden/broken-inputs.txt}; the healthy rest is analysed.
 */
@ExtendWith(LocalMaster.class)
class BrokenInputsTest {
  private static final String Q_PROJ = "model.layers.0.self_attn.q_proj.weight";
  private static final String K_PROJ = "model.layers.0.self_attn.k_proj.weight";

  @TempDir private static Path temporary;
  private static final Map<String, String> CHECKPOINTS = new LinkedHashMap<>();

  @BeforeAll
  static void buildTheCorpus() throws IOException {
    CHECKPOINTS.put("healthy", "uri: " + zoo("full/1-python"));

    single("header-too-small", new byte[] {1, 2, 3});
    single("header-too-large", header(100_000_001L, ""));
    single("header-beyond-file", header(500, "{}"));
    single("header-empty", header(0, ""));
    single("header-no-utf8", concat(header(4, ""), new byte[] {'{', (byte) 0xff, '"', '}'}));
    single("header-no-json", safetensors("{\"a\":", 0));
    single("header-no-object", safetensors("[1]", 0));
    single("dtype-unknown", safetensors(tensor("F12", "2,2", 0, 16), 16));
    single("number-negative", safetensors(tensor("F32", "2,-2", 0, 16), 16));
    single("number-fraction", safetensors(tensor("F32", "2,2.5", 0, 16), 16));
    single(
        "metadata-twice",
        safetensors("{\"__metadata__\":{\"a\":\"b\"},\"__metadata__\":{\"a\":\"b\"}}", 0));
    single(
        "name-twice",
        safetensors(
            "{" + entry("w", "F32", "1", 0, 4) + "," + entry("w", "F32", "1", 4, 8) + "}", 8));
    single(
        "hole",
        safetensors(
            "{" + entry("a", "F32", "1", 0, 4) + "," + entry("b", "F32", "1", 8, 12) + "}", 12));
    single(
        "overlap",
        safetensors(
            "{" + entry("a", "F32", "2", 0, 8) + "," + entry("b", "F32", "1", 4, 8) + "}", 8));
    single("end-before-begin", safetensors(tensor("F32", "1", 8, 4), 8));
    single("wrong-length", safetensors(tensor("F32", "3,3", 0, 32), 32));
    single("product-overflow", safetensors(tensor("F32", "4294967296,4294967296", 0, 16), 16));
    single("sub-byte", safetensors(tensor("F4", "3", 0, 2), 2));
    single("trailing-bytes", safetensors(tensor("F32", "1", 0, 4), 9));
    single("truncated", safetensors(tensor("F32", "4", 0, 16), 7));

    Path shards = sharded("shard-missing", "model-2.safetensors");
    Files.delete(shards.resolve("model-2.safetensors"));
    Path cut = sharded("shard-truncated", "model-2.safetensors").resolve("model-2.safetensors");
    byte[] whole = Files.readAllBytes(cut);
    Files.write(cut, Arrays.copyOf(whole, whole.length - 100));
    sharded("shard-outside", "../model-2.safetensors");

    reshaped("shape-mismatch", Q_PROJ, List.of(64L, 256L));
    poisoned("nan", Q_PROJ, new byte[] {(byte) 0xc0, 0x7f});
    poisoned("infinity", K_PROJ, new byte[] {(byte) 0x80, (byte) 0xff});

    Files.createDirectories(folder("empty-folder"));
    CHECKPOINTS.put("no-folder", "uri: " + temporary.resolve("no-folder"));
    CHECKPOINTS.put("base-as-tuned", "uri: " + zoo("base"));
    Files.write(folder("pickle").resolve("pytorch_model.bin"), new byte[] {'P', 'K', 3, 4});
    Path qalora = folder("qalora");
    Files.copy(
        Path.of(zoo("lora-r1/1-python/adapter_model.safetensors")),
        qalora.resolve("adapter_model.safetensors"));
    Files.writeString(
        qalora.resolve("adapter_config.json"),
        Files.readString(Path.of(zoo("lora-r1/1-python/adapter_config.json")))
            .replace("\"use_qalora\": false", "\"use_qalora\": true"));
  }

  @Test
  void eachBrokenInputIsNamedAndTheHealthyRestIsAnalysed() throws Exception {
    Path out = temporary.resolve("out");

    assertThat(run(out, CHECKPOINTS)).isEqualTo(3);

    List<String> rejects = new ArrayList<>();
    for (Row row :
        TableRows.table(out, "rejects")
            .select("checkpoint_id", "matrix", "code", "message")
            .collectAsList()) {
      rejects.add(
          "%s | %s | %s | %s"
              .formatted(
                  row.getString(0),
                  row.isNullAt(1) ? "" : row.getString(1),
                  row.getString(2),
                  row.getString(3)
                      .replace("file:" + temporary, "DIR")
                      .replace("file:" + zoo(""), "ZOO/")));
    }
    rejects.sort(null);
    assertThat(rejects).containsExactlyElementsOf(golden());
    assertThat(counts(out, "healthy")).containsExactly(28, 0, 0);
    assertThat(counts(out, "nan")).containsExactly(27, 0, 1);
    assertThat(counts(out, "infinity")).containsExactly(27, 0, 1);
    assertThat(counts(out, "shape-mismatch")).containsExactly(27, 0, 1);
    assertThat(counts(out, "shard-missing")).startsWith(14).endsWith(14);
    assertThat(counts(out, "shard-truncated")).startsWith(14).endsWith(14);
    assertThat(counts(out, "qalora")).containsExactly(0, 0, 1);
  }

  @Test
  void whatIsMendedIsAnalysedInTheNextRunAndItsOldRejectsGo() throws Exception {
    Path out = temporary.resolve("mended");
    Map<String, String> two = new LinkedHashMap<>();
    two.put("healthy", CHECKPOINTS.get("healthy"));
    two.put("mended", "uri: " + temporary.resolve("later"));
    assertThat(run(out, two)).isEqualTo(3);
    assertThat(counts(out, "mended")).containsExactly(0, 0, 1);

    Files.createDirectories(temporary.resolve("later"));
    Files.copy(
        Path.of(zoo("full/2-c/model.safetensors")),
        temporary.resolve("later/model.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    assertThat(run(out, two)).isZero();

    assertThat(counts(out, "mended")).containsExactly(28, 2, 0);
    assertThat(counts(out, "healthy")).containsExactly(28, 0, 0);
    assertThat(TableRows.table(out, "rejects").count()).isZero();
  }

  @Test
  void rejectsCanBeAllowedOrMadeFatal() throws Exception {
    Map<String, String> two = new LinkedHashMap<>();
    two.put("healthy", CHECKPOINTS.get("healthy"));
    two.put("nan", CHECKPOINTS.get("nan"));

    assertThat(run(temporary.resolve("allowed"), two, "--allow-rejects")).isZero();
    assertThat(run(temporary.resolve("fatal"), two, "--on-error", "fail")).isEqualTo(2);
  }

  private static int run(Path out, Map<String, String> checkpoints, String... more)
      throws IOException {
    StringBuilder manifest = new StringBuilder("base: {id: base, uri: " + zoo("base") + "}\n");
    manifest.append("checkpoints:\n");
    checkpoints.forEach(
        (id, source) -> manifest.append("  - {id: %s, %s}%n".formatted(id, source)));
    Path file = Files.writeString(temporary.resolve(out.getFileName() + ".yaml"), manifest);
    List<String> args =
        new ArrayList<>(List.of("run", "--manifest", file.toString(), "--out", out.toString()));
    args.addAll(List.of(more));
    return Main.run(args.toArray(String[]::new));
  }

  /** Matrices, intruders and rejects of one checkpoint. */
  private static List<Integer> counts(Path out, String checkpoint) {
    Row row =
        TableRows.table(out, "checkpoints")
            .where("checkpoint_id = '" + checkpoint + "'")
            .select("matrices", "intruder_count", "rejected")
            .first();
    return List.of(row.getInt(0), row.getInt(1), row.getInt(2));
  }

  private static List<String> golden() throws IOException {
    try (InputStream in = BrokenInputsTest.class.getResourceAsStream("/golden/broken-inputs.txt");
        Stream<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()) {
      return lines.toList();
    }
  }

  private static String zoo(String path) {
    return System.getProperty("zoo") + "/" + path;
  }

  // ---- the corpus

  private static Path folder(String id) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve(id));
    CHECKPOINTS.put(id, "uri: " + folder);
    return folder;
  }

  private static void single(String id, byte[] file) throws IOException {
    Files.write(folder(id).resolve("model.safetensors"), file);
  }

  private static byte[] header(long length, String json) {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    return concat(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array(), bytes);
  }

  private static byte[] safetensors(String json, int dataBytes) {
    return concat(header(json.getBytes(StandardCharsets.UTF_8).length, json), new byte[dataBytes]);
  }

  private static String tensor(String dtype, String shape, long begin, long end) {
    return "{" + entry("w", dtype, shape, begin, end) + "}";
  }

  private static String entry(String name, String dtype, String shape, long begin, long end) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
        .formatted(name, dtype, shape, begin, end);
  }

  private static byte[] concat(byte[] first, byte[] second) {
    return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
  }

  /** The full checkpoint in two shards, the second one's layers 2 and 3 under {@code name}. */
  private static Path sharded(String id, String name) throws IOException {
    Path folder = folder(id);
    SafetensorsParts whole = SafetensorsParts.read(Path.of(zoo("full/1-python/model.safetensors")));
    StringBuilder map = new StringBuilder();
    for (String tensor : whole.names()) {
      boolean second = tensor.contains("layers.2.") || tensor.contains("layers.3.");
      map.append(map.isEmpty() ? "" : ",")
          .append("\"%s\":\"%s\"".formatted(tensor, second ? name : "model-1.safetensors"));
    }
    Files.writeString(
        folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
    whole.write(
        folder.resolve("model-1.safetensors"),
        tensor -> !tensor.contains("layers.2.") && !tensor.contains("layers.3."));
    whole.write(
        folder.resolve("model-2.safetensors"),
        tensor -> tensor.contains("layers.2.") || tensor.contains("layers.3."));
    return folder;
  }

  /** The full checkpoint with another shape of one tensor. */
  private static void reshaped(String id, String tensor, List<Long> shape) throws IOException {
    SafetensorsParts whole = SafetensorsParts.read(Path.of(zoo("full/1-python/model.safetensors")));
    whole.reshape(tensor, shape).write(folder(id).resolve("model.safetensors"), name -> true);
  }

  /** The full checkpoint with one element of a tensor overwritten. */
  private static void poisoned(String id, String tensor, byte[] element) throws IOException {
    SafetensorsParts whole = SafetensorsParts.read(Path.of(zoo("full/1-python/model.safetensors")));
    whole
        .overwrite(tensor, 2 * 130, element)
        .write(folder(id).resolve("model.safetensors"), name -> true);
  }
}
