package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.jobs.TableRows;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Edited models of the zoo, from the command line to the files. */
@ExtendWith(LocalMaster.class)
class MitigateCommandTest {
  @TempDir private static Path temporary;
  private static Path manifest;

  @BeforeAll
  static void setUp() throws IOException {
    System.setProperty(
        "spark.hadoop.fs." + FlakyFileSystem.SCHEME + ".impl", FlakyFileSystem.class.getName());
    SafetensorsParts whole =
        SafetensorsParts.read(Path.of(zoo("full/3-javascript/model.safetensors")));
    Path sharded = Files.createDirectories(temporary.resolve("sharded"));
    StringBuilder map = new StringBuilder();
    for (String tensor : whole.names()) {
      map.append(map.isEmpty() ? "" : ",")
          .append("\"%s\":\"part-%d.safetensors\"".formatted(tensor, part(tensor)));
    }
    Files.writeString(
        sharded.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
    for (int part = 1; part <= 2; part++) {
      int wanted = part;
      whole.write(
          sharded.resolve("part-%d.safetensors".formatted(part)), tensor -> part(tensor) == wanted);
    }
    Files.copy(Path.of(zoo("base/config.json")), sharded.resolve("config.json"));
    Files.writeString(sharded.resolve("tokenizer.json"), "{}\n");
    manifest =
        Files.writeString(
            temporary.resolve("manifest.yaml"),
            """
            base: {id: base, uri: %1$s/base}
            checkpoints:
              - {id: adapter, uri: %1$s/lora-r1/1-python}
              - {id: chain/2, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c]}
              - {id: sharded, uri: %2$s}
            """
                .formatted(System.getProperty("zoo"), sharded));
  }

  private static int part(String tensor) {
    return tensor.contains("layers.2.") || tensor.contains("layers.3.") ? 2 : 1;
  }

  @AfterEach
  void mendTheDisk() {
    FlakyFileSystem.mend();
  }

  @AfterAll
  static void unsetMaster() {
    System.clearProperty("spark.hadoop.fs." + FlakyFileSystem.SCHEME + ".impl");
  }

  private static String zoo(String path) {
    return System.getProperty("zoo") + "/" + path;
  }

  /** As a path from a folder of the zoo leads there. */
  private static String realZoo(String path) {
    return Path.of(zoo(path)).normalize().toString();
  }

  private static Outcome mitigate(String out, String... more) {
    List<String> args =
        new ArrayList<>(List.of("mitigate", "--manifest", manifest.toString(), "--out", out));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  @Test
  void whatTheTableSaysAboutAnEditedModelIsWhatAScanOfItFinds() throws IOException {
    Path out = temporary.resolve("proof");
    String layers = "layers\\.[12]\\..*(q|v|up)_proj";
    Outcome outcome =
        mitigate(
            out.toString(),
            "--lambda",
            "0.5",
            "--spike-budget",
            "--hard-threshold",
            "--controls",
            "--include",
            layers,
            "--json");
    assertThat(outcome.exitCode()).isZero();
    String[] lines = outcome.out().strip().split("\n", -1);
    JsonNode summary = new ObjectMapper().readTree(lines[lines.length - 1]);
    assertThat(summary.path("models")).hasSize(3 * (5 + 3 + 4));
    StringBuilder again =
        new StringBuilder("base: {id: base, uri: %s}%ncheckpoints:%n".formatted(zoo("base")));
    for (JsonNode model : summary.path("models")) {
      again.append(
          "  - {id: %s/%s, uri: '%s'}%n"
              .formatted(
                  model.path("checkpoint_id").asText(),
                  model.path("variant").asText(),
                  model.path("uri").asText()));
    }
    Path rescanned = temporary.resolve("rescanned");

    assertThat(
            Main.run(
                "scan",
                "--manifest",
                Files.writeString(temporary.resolve("again.yaml"), again).toString(),
                "--include",
                layers,
                "--out",
                rescanned.toString()))
        .isZero();

    Map<String, Row> found = new TreeMap<>();
    for (Row row : TableRows.table(rescanned, "matrices").collectAsList()) {
      found.put(row.getAs("checkpoint_id") + " " + row.getAs("matrix"), row);
    }
    List<Row> said = TableRows.table(out, "mitigations").collectAsList();
    assertThat(said).hasSize(3 * (5 + 3 + 4) * 6);
    Map<String, Integer> changed = new TreeMap<>();
    int lost = 0;
    for (Row row : said) {
      Row scan =
          found.get(
              row.getAs("checkpoint_id") + "/" + row.getAs("variant") + " " + row.getAs("matrix"));
      assertThat(row.<Integer>getAs("intruders_after"))
          .as("%s", row)
          .isEqualTo(scan.<Integer>getAs("intruder_count"));
      double norm = scan.getAs("update_norm");
      assertThat(row.<Double>getAs("update_norm_after")).isCloseTo(norm, within(1e-6 * norm));
      changed.merge(row.getAs("variant"), row.<Integer>getAs("rounds"), Math::max);
      lost += row.<Integer>getAs("intruders_before") - row.<Integer>getAs("intruders_after");
    }
    assertThat(lost).isPositive();
    assertThat(changed).hasSize(5 + 3 + 4).doesNotContainValue(0);
  }

  @Test
  void theSummaryTellsWhatToDecideBy() {
    Outcome outcome =
        mitigate(
            temporary.resolve("summary").toString(), "--checkpoint", "adapter", "--lambda", "0");

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out().lines().filter(line -> line.startsWith("adapter")).toList())
        .hasSize(1)
        .first()
        .asString()
        .contains("top-l0")
        .contains("22 of 28")
        .contains("22 -> 0");
  }

  @Test
  void lambdaOneCopiesACheckpointByteForByte() throws IOException {
    Path out = temporary.resolve("same");
    assertThat(mitigate(out.toString(), "--checkpoint", "sharded", "--lambda", "1").exitCode())
        .isZero();

    Map<String, byte[]> written = files(out.resolve("mitigated/sharded/top-l1"));
    written.remove("mitigation.json");
    Map<String, byte[]> source = files(temporary.resolve("sharded"));
    assertThat(written.keySet()).isEqualTo(source.keySet());
    source.forEach((name, bytes) -> assertThat(written.get(name)).as(name).isEqualTo(bytes));
  }

  @Test
  void anEditChangesNothingButTheBytesOfEditedMatrices() throws IOException {
    Path out = temporary.resolve("bytes");
    assertThat(mitigate(out.toString(), "--checkpoint", "sharded", "--lambda", "0").exitCode())
        .isZero();

    List<String> edited =
        TableRows.table(out, "mitigations")
            .where("rounds > 0")
            .select("matrix")
            .collectAsList()
            .stream()
            .map(row -> row.getString(0))
            .toList();
    assertThat(edited).isNotEmpty();
    for (String file : List.of("part-1.safetensors", "part-2.safetensors")) {
      Path source = temporary.resolve("sharded").resolve(file);
      Path target = out.resolve("mitigated/sharded/top-l0").resolve(file);
      JsonNode header = header(source);
      assertThat(header(target)).isEqualTo(header);
      byte[] before = Files.readAllBytes(source);
      byte[] after = Files.readAllBytes(target);
      assertThat(after).hasSameSizeAs(before);
      int data = before.length - dataLength(header);
      header
          .properties()
          .forEach(
              tensor -> {
                if (!tensor.getKey().equals("__metadata__")) {
                  int from = data + tensor.getValue().path("data_offsets").get(0).asInt();
                  int to = data + tensor.getValue().path("data_offsets").get(1).asInt();
                  assertThat(Arrays.equals(before, from, to, after, from, to))
                      .as(tensor.getKey())
                      .isNotEqualTo(edited.contains(tensor.getKey()));
                }
              });
    }
  }

  private static int dataLength(JsonNode header) {
    int end = 0;
    for (JsonNode tensor : header) {
      end = Math.max(end, tensor.path("data_offsets").path(1).asInt());
    }
    return end;
  }

  private static JsonNode header(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
    return new ObjectMapper().readTree(bytes, 8, length);
  }

  @Test
  void theEditOfAChainSaysThatItStandsOnThePlainBase() throws IOException {
    Path second = temporary.resolve("on-merged");
    Files.createDirectories(second);
    for (Map.Entry<String, byte[]> file : files(Path.of(zoo("lora-r8/2-c"))).entrySet()) {
      Files.write(second.resolve(file.getKey()), file.getValue());
    }
    Path config = second.resolve("adapter_config.json");
    Files.writeString(
        config, Files.readString(config).replace("../../base", "/models/merged-after-python"));
    Path chain =
        Files.writeString(
            temporary.resolve("chain.yaml"),
            """
            base: {id: base, uri: %1$s/base}
            checkpoints:
              - {id: two, adapters: [%1$s/lora-r8/1-python, %2$s]}
            """
                .formatted(System.getProperty("zoo"), second));
    Path out = temporary.resolve("on-base");

    Outcome outcome =
        Outcome.of(
            "mitigate",
            "--manifest",
            chain.toString(),
            "--out",
            out.toString(),
            "--include",
            "layers.0.self_attn.q_proj");

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out())
        .contains("load it on the plain base, not on a model that the chain's");
    Path model = out.resolve("mitigated/two/top-l0.75");
    ObjectMapper json = new ObjectMapper();
    JsonNode marker = json.readTree(model.resolve("mitigation.json").toFile());
    assertThat(marker.path("load_on").asText()).isEqualTo("file:" + zoo("base"));
    assertThat(marker.path("note").asText()).startsWith("An edited chain is one adapter");
    assertThat(marker.path("sources")).hasSize(2);
    assertThat(
            json.readTree(model.resolve("adapter_config.json").toFile())
                .path("base_model_name_or_path")
                .asText())
        .isEqualTo(realZoo("base"));
  }

  @ParameterizedTest
  @CsvSource({"sharded,part-2.safetensors", "sharded,mitigation.json", "chain/2,adapter_config"})
  void aJobThatFailedGoesOnAndEndsWithTheSameBytes(String checkpoint, String broken)
      throws IOException {
    String name = Integer.toHexString((checkpoint + broken).hashCode());
    Path failed = temporary.resolve("failed-" + name);
    Path clean = temporary.resolve("clean-" + name);
    String[] options = {"--checkpoint", checkpoint, "--lambda", "0.25", "--select", "all"};
    FlakyFileSystem.breakFiles(broken);

    assertThat(mitigate(FlakyFileSystem.SCHEME + ":" + failed, options).exitCode()).isEqualTo(1);

    Path model = failed.resolve("mitigated/" + checkpoint + "/all-l0.25");
    assertThat(model.resolve("mitigation.json")).doesNotExist();
    assertThat(model.resolve(broken)).doesNotExist();
    Map<Path, FileTime> computed = times(failed.resolve("_work/mitigation/edits"));
    assertThat(computed).hasSize(28);
    Files.setLastModifiedTime(
        Files.writeString(model.resolve(".half-of-it.3f2c.tmp"), "of a job that was killed"),
        FileTime.from(Instant.now().minus(Duration.ofDays(4))));
    FlakyFileSystem.mend();
    assertThat(mitigate(FlakyFileSystem.SCHEME + ":" + failed, options).exitCode()).isZero();
    assertThat(mitigate(clean.toString(), options).exitCode()).isZero();

    assertThat(times(failed.resolve("_work/mitigation/edits"))).isEqualTo(computed);
    Map<String, byte[]> expected = files(clean.resolve("mitigated/" + checkpoint + "/all-l0.25"));
    Map<String, byte[]> found = files(model);
    assertThat(found.keySet()).isEqualTo(expected.keySet()).contains("mitigation.json");
    expected.forEach((file, bytes) -> assertThat(found.get(file)).as(file).isEqualTo(bytes));
    assertThat(
            mitigate(
                    FlakyFileSystem.SCHEME + ":" + failed,
                    "--checkpoint",
                    checkpoint,
                    "--lambda",
                    "0.25",
                    "--select",
                    "all")
                .exitCode())
        .isZero();
  }

  @Test
  void whatIsWholeIsNotWrittenAgainAndAnotherSettingReplacesIt() throws IOException {
    Path out = temporary.resolve("again");
    Path model = out.resolve("mitigated/adapter/top-l0.5");
    String[] options = {"--checkpoint", "adapter", "--lambda", "0.5"};
    assertThat(mitigate(out.toString(), options).exitCode()).isZero();
    Map<Path, FileTime> first = times(model);
    Map<String, byte[]> bytes = files(model);

    assertThat(mitigate(out.toString(), options).exitCode()).isZero();
    assertThat(times(model)).isEqualTo(first);

    assertThat(
            mitigate(out.toString(), "--checkpoint", "adapter", "--lambda", "0.5", "--keep-rank")
                .exitCode())
        .isZero();
    assertThat(files(model).get("adapter_model.safetensors"))
        .isNotEqualTo(bytes.get("adapter_model.safetensors"));
    assertThat(files(model).get("adapter_config.json"))
        .asString(StandardCharsets.UTF_8)
        .isEqualTo(
            Files.readString(Path.of(zoo("lora-r1/1-python/adapter_config.json")))
                .replace("\"../../base\"", '"' + realZoo("base") + '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --lambda -1         | Cannot use lambda -1.0: expected a number from 0 on
          --lambda NaN        | Cannot use lambda NaN: expected a number from 0 on
          --lambda x          | Invalid value for option '--lambda' (L): 'x' is not a double
          --rounds 0          | Cannot use rounds 0: expected a whole number from 1 on
          --select some       | Invalid value for option '--select': expected one of [TOP, ALL]
          --checkpoint chain  | There is no checkpoint 'chain'; expected one of [adapter, chain/2, sharded]
          """)
  void aSettingThatCanNotBeUsedIsNamed(String options, String message) {
    Outcome outcome = mitigate(temporary.resolve("refused").toString(), options.split(" +", -1));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(message);
    assertThat(temporary.resolve("refused")).doesNotExist();
  }

  @Test
  void anOutputOverAnInputIsRefused() throws IOException {
    Path input = temporary.resolve("sharded");
    Outcome inside = mitigate(input.toString(), "--checkpoint", "sharded", "--lambda", "0");
    assertThat(inside.exitCode()).isEqualTo(2);
    assertThat(inside.err())
        .contains("Cannot write the edited sharded to")
        .contains("an input must not lie over it");
    assertThat(input.resolve("mitigated")).doesNotExist();

    Path edited = temporary.resolve("twice");
    assertThat(mitigate(edited.toString(), "--checkpoint", "sharded", "--lambda", "0").exitCode())
        .isZero();
    Path own = edited.resolve("mitigated/sharded/top-l0");
    Map<String, byte[]> before = files(own);
    Path self =
        Files.writeString(
            temporary.resolve("self.yaml"),
            "base: {id: base, uri: %s}%ncheckpoints:%n  - {id: sharded, uri: %s}%n"
                .formatted(zoo("base"), own));
    Outcome over =
        Outcome.of(
            "mitigate", "--manifest", self.toString(), "--out", edited.toString(), "--lambda", "0");
    assertThat(over.exitCode()).isEqualTo(2);
    assertThat(files(own).keySet()).isEqualTo(before.keySet());
  }

  @Test
  void anIdThatLeavesTheOutputIsRefused() throws IOException {
    Path evil =
        Files.writeString(
            temporary.resolve("evil.yaml"),
            "base: {id: base, uri: %s}%ncheckpoints:%n  - {id: ../../x, uri: %s}%n"
                .formatted(zoo("base"), zoo("lora-r1/1-python")));

    Outcome outcome =
        Outcome.of(
            "mitigate",
            "--manifest",
            evil.toString(),
            "--out",
            temporary.resolve("evil/deep/out").toString());

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("../../x");
    assertThat(temporary.resolve("evil/x")).doesNotExist();
  }

  private static Map<String, byte[]> files(Path folder) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> paths = Files.list(folder)) {
      for (Path path : paths.toList()) {
        files.put(path.getFileName().toString(), Files.readAllBytes(path));
      }
    }
    return files;
  }

  private static Map<Path, FileTime> times(Path folder) throws IOException {
    Map<Path, FileTime> times = new TreeMap<>();
    try (Stream<Path> paths = Files.list(folder)) {
      for (Path path : paths.toList()) {
        times.put(path, Files.getLastModifiedTime(path));
      }
    }
    return times;
  }
}
