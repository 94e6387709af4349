package io.github.intruders.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.sun.management.ThreadMXBean;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());

  private Checkpoint open() throws IOException {
    return Checkpoint.open(storage, folder.toString());
  }

  private String uri(String name) {
    return "file:" + folder.resolve(name);
  }

  private void writeShard(String name, String... tensors) throws IOException {
    SafetensorsFile file = new SafetensorsFile();
    for (String tensor : tensors) {
      file.addFloats(tensor, List.of(1, 2), 1, 2);
    }
    file.write(folder.resolve(name));
  }

  private void writeIndex(String weightMap) throws IOException {
    Files.writeString(
        folder.resolve(INDEX),
        "{\"metadata\":{\"total_size\":1},\"weight_map\":" + weightMap + "}");
  }

  private void writeTwoShards() throws IOException {
    writeShard(FIRST, "a", "b");
    writeShard(SECOND, "c");
    writeIndex("{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"}".formatted(FIRST, FIRST, SECOND));
  }

  private void assertRefused(RejectCode code, String message) {
    assertRefused(folder.toString(), code, message);
  }

  private void assertRefused(String uri, RejectCode code, String message) {
    UserInputException refusal =
        catchThrowableOfType(UserInputException.class, () -> Checkpoint.open(storage, uri));
    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage()).isEqualTo(message);
    assertThat(refusal.code()).isEqualTo(code);
  }

  // ---- one file

  @Test
  void theZoosBaseIsRead() throws IOException {
    CountingStorage counting = new CountingStorage(storage);
    Path base = Path.of(System.getProperty("zoo"), "base");

    Checkpoint checkpoint = Checkpoint.open(counting, base.toString());

    assertThat(checkpoint.uri()).isEqualTo("file:" + base.toAbsolutePath().normalize());
    assertThat(checkpoint.tensors()).hasSize(39);
    assertThat(List.copyOf(checkpoint.tensors().keySet())).isSorted();
    assertThat(checkpoint.faults()).isEmpty();
    assertThat(checkpoint.unusable()).isEmpty();
    assertThat(checkpoint.modelType()).contains("llama");
    assertThat(checkpoint.config().orElseThrow().get("hidden_size").intValue()).isEqualTo(128);
    assertThat(counting.bytesRead())
        .as("the config, the header, and no more than 4 KB of each tensor")
        .isLessThan(10_000 + 39 * 4096);
  }

  @Test
  void aFileCanBeNamedDirectly() throws IOException {
    writeShard("step-7.safetensors", "a");
    writeShard("step-8.safetensors", "b");
    Files.writeString(folder.resolve("config.json"), "{\"model_type\":\"gpt2\"}");

    Checkpoint checkpoint =
        Checkpoint.open(storage, folder.resolve("step-8.safetensors").toString());

    assertThat(checkpoint.uri()).isEqualTo(uri("step-8.safetensors"));
    assertThat(checkpoint.tensors()).containsOnlyKeys("b");
    assertThat(checkpoint.modelType()).contains("gpt2");
  }

  @Test
  void theOnlyFileOfAFolderIsTaken() throws IOException {
    writeShard("weights.safetensors", "a");
    writeShard("._weights.safetensors", "hidden");

    assertThat(open().tensors()).containsOnlyKeys("a");
    assertThat(open().modelType()).isEmpty();
    assertThat(open().config()).isEmpty();
  }

  @Test
  void severalFilesWithoutIndexAreRefused() throws IOException {
    writeShard("step-7.safetensors", "a");
    writeShard("step-8.safetensors", "b");

    assertRefused(
        RejectCode.FORMAT_UNSUPPORTED,
        "[file:%s] Which of these files is meant? step-7.safetensors, step-8.safetensors; name one"
                .formatted(folder)
            + " of them, or add model.safetensors.index.json");
  }

  @Test
  void aSingleFileWinsOverAnIndex() throws IOException {
    writeTwoShards();
    writeShard("model.safetensors", "whole");

    assertThat(open().tensors()).containsOnlyKeys("whole");
  }

  @Test
  void aBrokenOnlyFileIsRefused() throws IOException {
    Files.write(folder.resolve("model.safetensors"), new byte[3]);

    assertRefused(
        RejectCode.HEADER_TOO_SMALL,
        "[%s] Expected at least 8 bytes, which hold the header's length; found 3"
            .formatted(uri("model.safetensors")));
  }

  // ---- shards

  @Test
  void shardsAreReadTogether() throws IOException {
    writeTwoShards();

    Checkpoint checkpoint = open();

    assertThat(checkpoint.tensors().keySet()).containsExactly("a", "b", "c");
    assertThat(checkpoint.tensors().get("c").file()).isEqualTo(uri(SECOND));
    assertThat(checkpoint.faults()).isEmpty();
  }

  @Test
  void anIndexCanBeNamedDirectly() throws IOException {
    writeTwoShards();
    writeShard("model.safetensors", "whole");

    Checkpoint checkpoint = Checkpoint.open(storage, folder.resolve(INDEX).toString());

    assertThat(checkpoint.tensors()).containsOnlyKeys("a", "b", "c");
  }

  @Test
  void aMissingShardTakesOnlyItsOwnTensorsAway() throws IOException {
    writeTwoShards();
    Files.delete(folder.resolve(FIRST));

    Checkpoint checkpoint = open();

    assertThat(checkpoint.tensors()).containsOnlyKeys("c");
    assertThat(checkpoint.unusable()).containsOnlyKeys("a", "b");
    assertThat(checkpoint.faults()).hasSize(1);
    UserInputException fault = checkpoint.faults().get(0);
    assertThat(fault)
        .hasMessage(
            "[%s] No such file, but %s puts 2 tensors into it, the first being a"
                .formatted(uri(FIRST), INDEX));
    assertThat(fault.code()).isEqualTo(RejectCode.SHARD_MISSING);
    assertThat(checkpoint.unusable().get("b")).isSameAs(fault);
  }

  @Test
  void aTruncatedShardTakesOnlyItsOwnTensorsAway() throws IOException {
    writeTwoShards();
    byte[] shard = Files.readAllBytes(folder.resolve(FIRST));
    Files.write(folder.resolve(FIRST), java.util.Arrays.copyOf(shard, shard.length - 5));

    Checkpoint checkpoint = open();

    assertThat(checkpoint.tensors()).containsOnlyKeys("c");
    assertThat(checkpoint.unusable()).containsOnlyKeys("a", "b");
    assertThat(checkpoint.faults()).hasSize(1);
    assertThat(checkpoint.faults().get(0))
        .hasMessage(
            "[%s] Expected a file of %d bytes, found %d: it is cut off within tensor b"
                .formatted(uri(FIRST), shard.length, shard.length - 5));
    assertThat(checkpoint.faults().get(0).code()).isEqualTo(RejectCode.FILE_SIZE);
  }

  @Test
  void aTensorThatIsNotInItsShardIsAFault() throws IOException {
    writeShard(FIRST, "a");
    writeShard(SECOND, "c", "elsewhere");
    writeIndex(
        "{\"a\":\"%s\",\"nowhere\":\"%s\",\"elsewhere\":\"%s\",\"c\":\"%s\"}"
            .formatted(FIRST, FIRST, FIRST, SECOND));

    Checkpoint checkpoint = open();

    assertThat(checkpoint.tensors()).containsOnlyKeys("a", "c");
    assertThat(checkpoint.unusable().get("nowhere"))
        .hasMessage(
            "[%s] Tensor nowhere: not in this shard, although %s says so"
                .formatted(uri(FIRST), INDEX));
    assertThat(checkpoint.unusable().get("elsewhere"))
        .hasMessage(
            "[%s] Tensor elsewhere: not in this shard, although %s says so; it is in %s"
                .formatted(uri(FIRST), INDEX, SECOND));
    assertThat(checkpoint.faults())
        .extracting(UserInputException::code)
        .containsExactly(RejectCode.TENSOR_MISSING, RejectCode.TENSOR_MISSING);
  }

  @Test
  void aTensorThatIsInSeveralShardsIsAFault() throws IOException {
    writeShard(FIRST, "a", "both");
    writeShard(SECOND, "both");
    writeIndex("{\"a\":\"%s\",\"both\":\"%s\"}".formatted(FIRST, SECOND));

    Checkpoint checkpoint = open();

    assertThat(checkpoint.tensors()).containsOnlyKeys("a");
    assertThat(checkpoint.faults()).hasSize(1);
    assertThat(checkpoint.unusable().get("both"))
        .hasMessage(
            ("[%s] Tensor both: stands in several shards, %s, %s; which one counts depends on who"
                    + " reads them")
                .formatted(uri(FIRST), FIRST, SECOND));
    assertThat(checkpoint.faults().get(0).code()).isEqualTo(RejectCode.DUPLICATE_TENSOR);
  }

  @Test
  void aTensorThatTheIndexForgotCounts() throws IOException {
    writeShard(FIRST, "a", "forgotten");
    writeIndex("{\"a\":\"%s\"}".formatted(FIRST));

    assertThat(open().tensors()).containsOnlyKeys("a", "forgotten");
    assertThat(open().faults()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../other.safetensors",
        "..",
        ".",
        "",
        " ",
        "/etc/passwd",
        "sub/x.safetensors",
        "s3a://bucket/x.safetensors",
        "file:x.safetensors",
        "a\\\\b.safetensors",
        "a\\u0000b"
      })
  void aShardOutsideTheFolderIsRefused(String shard) throws IOException {
    writeShard(FIRST, "a");
    writeIndex("{\"a\":\"%s\",\"z\":\"%s\"}".formatted(FIRST, shard));
    String shown = shard.replace("\\\\", "\\").replace("\\u0000", "?");

    assertRefused(
        RejectCode.SHARD_OUTSIDE,
        "[%s] Tensor z: \"%s\" is not the name of a file in this folder"
            .formatted(uri(INDEX), shown));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "`{}`;Expected an object called weight_map",
        "`{\"weight_map\":[]}`;Expected an object called weight_map",
        "`{\"weight_map\":{}}`;weight_map names no tensor",
        "`{\"weight_map\":{\"a\":1}}`;Tensor a: expected the name of a file, found 1",
        "`[]`;Expected a JSON object at the root",
        "``;The file is empty",
        "`{\"weight_map\":{\"a\":\"x\",\"a\":\"y\"}}`;Not valid JSON at line 1, column 27: Duplicate"
            + " field 'a'",
        "`{\"weight_map\":`;Not valid JSON at line 1, column 15: Unexpected end-of-input within/between"
            + " Object entries",
        "`{`;Not valid JSON at line 1, column 2: Unexpected end-of-input: expected close marker for"
            + " Object",
        "`{} x`;Not valid JSON at line 1, column 5: Unrecognized token 'x': was expecting (JSON"
            + " String, Number (or 'NaN'/'+INF'/'-INF'), Array, Object or token 'null', 'true' or 'false')",
      })
  void anIndexThatMakesNoSenseIsRefused(String json, String message) throws IOException {
    Files.writeString(folder.resolve(INDEX), json);

    assertRefused(RejectCode.INDEX_INVALID, "[%s] %s".formatted(uri(INDEX), message));
  }

  @Test
  void anIndexThatIsNotUtf8IsRefused() throws IOException {
    Files.write(folder.resolve(INDEX), new byte[] {'{', '"', (byte) 0xff, '"'});

    assertRefused(
        RejectCode.INDEX_INVALID,
        "[%s] Not valid JSON: the file is not UTF-8".formatted(uri(INDEX)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "model.gguf", "pytorch_model.bin", "model.pt"})
  void textInThePlaceOfWeightsIsToldByWhatItIs(String file) throws IOException {
    Files.writeString(
        folder.resolve(file),
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n");
    assertThatThrownBy(this::open)
        .hasMessage(
            ("[%s] This is a pointer of Git LFS, not the file that it stands for; fetch that by 'git"
                    + " lfs pull'")
                .formatted(uri(file)));

    Files.writeString(folder.resolve(file), "<html>\n<title>404 Not Found</title></html>");
    assertThatThrownBy(this::open)
        .hasMessage(
            ("[%s] This is a text, not weights: it begins with '<html> <title>404 Not Fo…'; fetch the"
                    + " file again")
                .formatted(uri(file)));
  }

  // ---- no checkpoint

  @Test
  void aMissingFolderIsRefused() {
    assertRefused(
        folder.resolve("nowhere").toString(),
        RejectCode.NOT_FOUND,
        "[%s] No such file or folder".formatted(uri("nowhere")));
  }

  @Test
  void anEmptyFolderIsRefused() {
    assertRefused(
        RejectCode.EMPTY_FOLDER,
        ("[file:%s] No checkpoint in this folder: expected model.safetensors,"
                + " model.safetensors.index.json or one .safetensors file, found no files")
            .formatted(folder));
  }

  @Test
  void aFolderOfOtherThingsIsRefused() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(folder.resolve("training_args.bin"), "");
    Files.createDirectory(folder.resolve("checkpoint-100"));

    assertRefused(
        RejectCode.EMPTY_FOLDER,
        ("[file:%s] No checkpoint in this folder: expected model.safetensors,"
                + " model.safetensors.index.json or one .safetensors file, found config.json,"
                + " training_args.bin, and no model in the folders checkpoint-100")
            .formatted(folder));
  }

  @Test
  void picklesOfTrainingRunsAreRefused() throws IOException {
    String name = "model.pkl";
    Files.writeString(folder.resolve(name), "");
    String advice =
        ("%s is a pickle file of a training run, which can run code when it is read; save its state"
                + " dict as .pt or as safetensors")
            .formatted(name);

    assertRefused(RejectCode.FORMAT_UNSUPPORTED, "[file:%s] %s".formatted(folder, advice));
    assertRefused(
        folder.resolve(name).toString(),
        RejectCode.FORMAT_UNSUPPORTED,
        "[%s] %s".formatted(uri(name), advice));
  }

  @Test
  void torchsFileIsTakenWhereTransformersTakesIt() throws IOException {
    Path torch = Twins.fixture("torch/module.pth");
    writeShard("weights.safetensors", "a");
    Files.copy(torch, folder.resolve("optimizer.pt"));
    assertThat(open().tensors()).containsOnlyKeys("a");

    Files.copy(torch, folder.resolve("pytorch_model.bin"));
    assertThat(open().tensors()).containsOnlyKeys("linear.weight", "linear.bias");

    writeShard("model.safetensors", "b");
    assertThat(open().tensors()).containsOnlyKeys("b");
  }

  @Test
  void theOnlyFileOfTorchsIsTaken() throws IOException {
    Path torch = Twins.fixture("torch/module.pth");
    Files.copy(torch, folder.resolve("consolidated.00.pth"));
    Files.copy(torch, folder.resolve("optimizer.pt"));

    assertThat(open().tensors()).containsOnlyKeys("linear.weight", "linear.bias");
  }

  @Test
  void theOnlyGgufFileOfAFolderIsTaken() throws IOException {
    Files.copy(Twins.fixture("gguf/plain.gguf"), folder.resolve("model-f16.gguf"));

    assertThat(open().tensors()).hasSize(7).containsKey("blk.0.attn_q.weight");
  }

  @Test
  void ggmlIsRefused() throws IOException {
    Files.writeString(folder.resolve("model-q4.ggml"), "");

    assertRefused(
        RejectCode.FORMAT_UNSUPPORTED,
        ("[file:%s] model-q4.ggml is a file of the format before GGUF, whose weights are quantised;"
                + " use the safetensors checkpoint that it was made from")
            .formatted(folder));
  }

  @Test
  void aFileOfAnyOtherKindIsRefused() throws IOException {
    Files.writeString(folder.resolve("notes.txt"), "");

    assertRefused(
        folder.resolve("notes.txt").toString(),
        RejectCode.FORMAT_UNSUPPORTED,
        "[%s] Expected a folder or a .safetensors file".formatted(uri("notes.txt")));
  }

  @Test
  void anAdapterIsNoCheckpoint() {
    Path adapter = Path.of(System.getProperty("zoo"), "lora-r8", "1-python").toAbsolutePath();
    String advice =
        "This is a PEFT adapter, not a checkpoint: name its folder as an adapter, on top of its"
            + " base";

    assertRefused(
        adapter.toString(),
        RejectCode.FORMAT_UNSUPPORTED,
        "[file:%s] %s".formatted(adapter.normalize(), advice));
    Path weights = adapter.normalize().resolve("adapter_model.safetensors");
    assertRefused(
        weights.toString(),
        RejectCode.FORMAT_UNSUPPORTED,
        "[file:%s] %s".formatted(weights, advice));
  }

  /** The cache of the Hugging Face hub consists of links. */
  @Test
  void linksAreFollowed() throws IOException {
    writeShard("elsewhere/blob", "a");
    Files.createSymbolicLink(folder.resolve("model.safetensors"), folder.resolve("elsewhere/blob"));

    assertThat(open().tensors()).containsOnlyKeys("a");
  }

  // ---- config.json

  @Test
  void aConfigThatMakesNoSenseIsRefused() throws IOException {
    writeShard("model.safetensors", "a");
    Files.writeString(folder.resolve("config.json"), "{\"model_type\":\n  llama}");

    assertRefused(
        RejectCode.CONFIG_INVALID,
        ("[%s] Not valid JSON at line 2, column 8: Unrecognized token 'llama': was expecting (JSON"
                + " String, Number (or 'NaN'/'+INF'/'-INF'), Array, Object or token 'null', 'true' or 'false')")
            .formatted(uri("config.json")));
  }

  @Test
  void pythonsInfinityInAConfigIsLegal() throws IOException {
    writeShard("model.safetensors", "a");
    Files.writeString(
        folder.resolve("config.json"), "{\"model_type\":\"mamba2\",\"limit\":[0.0,Infinity]}");

    assertThat(open().modelType()).contains("mamba2");
  }

  // ---- bounds

  /** With work that grows by the square of the shards this takes minutes. */
  @Test
  void countlessShardsTakeTimeInProportion() {
    Map<String, byte[]> files = new HashMap<>();
    StringJoiner weightMap = new StringJoiner(",", "{\"weight_map\":{", "}}");
    for (int i = 0; i < 60_000; i++) {
      String shard = "m-%d.safetensors".formatted(i);
      weightMap.add("\"t%d\":\"%s\"".formatted(i, shard));
      if (i % 2 == 0) {
        files.put(shard, new SafetensorsFile().addFloats("t" + i, List.of(1, 1), 1).bytes());
      }
    }
    files.put(INDEX, weightMap.toString().getBytes(UTF_8));

    assertTimeoutPreemptively(
        Duration.ofSeconds(40),
        () -> {
          Checkpoint checkpoint =
              Checkpoint.open(new MemoryStorage(files), MemoryStorage.FOLDER + "/" + INDEX);
          assertThat(checkpoint.tensors()).hasSize(30_000);
          assertThat(checkpoint.unusable()).hasSize(30_000);
        });
  }

  @Test
  void countlessEmptyListsAreRefusedBeforeTheyFillTheMemory() {
    byte[] json = ("{\"weight_map\":[" + "[],".repeat(30_000_000) + "[]]}").getBytes(UTF_8);
    Storage memory = new MemoryStorage(Map.of(INDEX, json));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();

    UserInputException fault =
        catchThrowableOfType(
            UserInputException.class,
            () -> Checkpoint.open(memory, MemoryStorage.FOLDER + "/" + INDEX));

    assertThat(fault).hasMessageContaining("Token count (4000001) exceeds the maximum allowed");
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(500 << 20);
  }
}
