package io.github.intruders.forgetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Metrics files of each kind, whole and broken. */
class MetricsReaderTest {
  private static final CheckpointNames NAMES =
      CheckpointNames.of(
          new Manifest(
              "llama",
              "file:/models/llama-base",
              List.of(
                  checkpoint("full/1-python", "file:/models/full/1-python"),
                  checkpoint("lora/1-python", "file:/models/adapters/first"),
                  checkpoint("lora/2-c", "file:/models/adapters/first", "file:/models/adapters/c")),
              List.of(),
              ""));

  @TempDir private Path temporary;

  private final Storage storage = new HadoopStorage(new Configuration(false));

  private static CheckpointSpec checkpoint(String id, String... sources) {
    return new CheckpointSpec(id, List.of(sources), null, null, null, Map.of());
  }

  private String write(String name, String text) throws IOException {
    Path file = temporary.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return "file:" + file;
  }

  private MetricsReading read(String name, String text) throws IOException {
    return new MetricsReader(storage, NAMES).read(write(name, text));
  }

  /** {@code checkpoint metric value place}. */
  private static List<String> values(MetricsReading reading) {
    return reading.values().stream()
        .map(v -> "%s %s %s %s".formatted(v.checkpointId(), v.metric(), v.value(), v.place()))
        .toList();
  }

  private static List<String> messages(MetricsReading reading) {
    assertThat(reading.rejections())
        .allSatisfy(
            rejection -> {
              assertThat(rejection.code()).isEqualTo(RejectCode.METRIC_INVALID);
              assertThat(rejection.message()).startsWith("[" + rejection.file() + "] ");
            });
    return reading.rejections().stream()
        .map(rejection -> rejection.message().substring(rejection.file().length() + 3))
        .toList();
  }

  @Test
  void csvIsReadWithQuotesAnyOrderOfColumnsAndWindowsLines() throws IOException {
    MetricsReading reading =
        read(
            "a.csv",
            "\uFEFFmetric,value,checkpoint,note\r\nloss,1.5,base,x\r\n\r\n"
                + "\"loss, \"\"all\"\"\",-2e-3,full/1-python,\r\n#loss,3,llama,y\r\n");

    assertThat(values(reading))
        .containsExactly(
            "llama loss 1.5 line 2",
            "full/1-python loss, \"all\" -0.002 line 4",
            "llama #loss 3.0 line 5");
    assertThat(reading.rejections()).isEmpty();
  }

  @Test
  void eachBrokenLineOfACsvIsNamedAndTheRestIsRead() throws IOException {
    MetricsReading reading =
        read(
            "b.csv",
            """
            checkpoint,metric,value
            base,loss,1
            full/9-rust,loss,1
            full/1-python,loss,NaN
            full/1-python,loss,1e999
            full/1-python,loss,0x1p3
            full/1-python,loss
            full/1-python,,2
            full/1-python,loss,2
            """);

    assertThat(values(reading))
        .containsExactly("llama loss 1.0 line 2", "full/1-python loss 2.0 line 9");
    assertThat(messages(reading))
        .containsExactly(
            "line 3: 'full/9-rust' is no checkpoint of the manifest, nor the base 'llama'",
            "line 4: metric loss: expected a finite number, found 'NaN'",
            "line 5: metric loss: expected a finite number, found Infinity",
            "line 6: metric loss: expected a finite number, found '0x1p3'",
            "line 7: expected 3 values, found 2",
            "line 8: the metric has no name");
    assertThat(reading.rejections().stream().map(Rejection::checkpointId).toList())
        .startsWith("llama", "full/1-python");
  }

  @Test
  void aQuoteThatIsNeverClosedIsNotLostInSilence() throws IOException {
    MetricsReading reading =
        read("q.csv", "checkpoint,metric,value\nbase,loss,1\nllama,\"loss,2\nllama,acc,3\n");

    assertThat(values(reading)).containsExactly("llama loss 1.0 line 2");
    assertThat(messages(reading)).singleElement().asString().contains("expected 3 values, found 2");
  }

  @Test
  void jsonIsReadAsAListOrAsAnObject() throws IOException {
    assertThat(
            values(
                read(
                    "list.json",
                    """
                    [{"checkpoint": "base", "metric": "acc", "value": 0.5},
                     {"checkpoint": "lora/2-c", "metric": "acc", "value": 1}]
                    """)))
        .containsExactly("llama acc 0.5 item 0", "lora/2-c acc 1.0 item 1");
    assertThat(
            values(
                read(
                    "object.json",
                    """
                    {"llama": {"acc": 0.5, "loss": 2}, "lora/2-c": {"acc": 0.25}}
                    """)))
        .containsExactly(
            "llama acc 0.5 key 'llama'.'acc'",
            "llama loss 2.0 key 'llama'.'loss'",
            "lora/2-c acc 0.25 key 'lora/2-c'.'acc'");
  }

  @Test
  void eachBrokenEntryOfAJsonIsNamedAndTheRestIsRead() throws IOException {
    MetricsReading list =
        read(
            "c.json",
            """
            [{"checkpoint": "base", "metric": "acc", "value": NaN},
             {"checkpoint": "base", "metric": "acc", "value": "0.5"},
             {"checkpoint": "base", "losses": {}}, 7,
             {"checkpoint": "base", "metric": "acc", "value": 0.5}]
            """);
    assertThat(values(list)).containsExactly("llama acc 0.5 item 4");
    assertThat(messages(list))
        .containsExactly(
            "item 0: metric acc: expected a finite number, found NaN",
            "item 1: metric acc: expected a number, found \"0.5\"",
            "item 2: expected an object with checkpoint, metric and value, found"
                + " {\"checkpoint\":\"base\",\"losses\":{}}",
            "item 3: expected an object with checkpoint, metric and value, found 7");

    MetricsReading object = read("d.json", "{\"base\": {\"acc\": 1}, \"full/1-python\": 2}");
    assertThat(values(object)).containsExactly("llama acc 1.0 key 'base'.'acc'");
    assertThat(messages(object))
        .containsExactly("key 'full/1-python': expected an object metric → value, found 2");
  }

  private static String lmEval(String config) {
    return """
        {"results": {
           "arc_easy": {"alias": "arc_easy", "acc,none": 0.5, "acc_stderr,none": 0.1,
                        "sample_len": 200},
           "gsm8k": {"exact_match,strict-match": 0.25, "exact_match_stderr,strict-match": "N/A"},
           "group": {"alias": "group", " ": " "}},
         "higher_is_better": {"arc_easy": {"acc": true}, "gsm8k": {"exact_match": true}},
         "versions": {"arc_easy": 1}, "config": {%s}}
        """
        .formatted(config);
  }

  @Test
  void lmEvalResultsAreReadWithoutTheirErrorsAndWithTheirDirections() throws IOException {
    MetricsReading reading =
        read(
            "r/results_1.json",
            lmEval("\"model_args\": \"pretrained=llama-base,peft=adapters/c,dtype=float32\""));

    assertThat(values(reading))
        .containsExactly(
            "lora/2-c arc_easy/acc 0.5 key 'results'.'arc_easy'.'acc,none'",
            "lora/2-c gsm8k/exact_match:strict-match 0.25 key"
                + " 'results'.'gsm8k'.'exact_match,strict-match'");
    assertThat(reading.values()).allMatch(MetricValue::higherIsBetter);
    assertThat(reading.rejections()).isEmpty();
  }

  /** The harness on vLLM names the adapter otherwise; its base must not get the values. */
  @Test
  void anAdapterThatVllmServedIsTheOneThatWasEvaluated() throws IOException {
    MetricsReading reading =
        read(
            "r/results_1.json",
            lmEval("\"model_args\": \"pretrained=base,lora_local_path=adapters/c\""));

    assertThat(values(reading)).isNotEmpty().allMatch(value -> value.startsWith("lora/2-c "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          r/results_1.json                        | "model_args": "pretrained=/models/full/1-python"        | full/1-python
          r/results_1.json                        | "model_args": {"pretrained": "/else/where/full/1-python"} | full/1-python
          r/results_1.json                        | "model_args": "pretrained=llama-base"                   | llama
          full__1-python/results_2026-01-01.5.json |                                                         | full/1-python
          full/1-python.json                      |                                                         | full/1-python
          lora/2-c/results.json                   | "model_args": "pretrained=merged/lora/2-c"              | lora/2-c
          lora/2-c/results.json                   | "model_args": "pretrained=/mnt/unknown"                 | lora/2-c
          llama.json                              |                                                         | llama
          """)
  void lmEvalResultsFindTheirCheckpoint(String file, String config, String id) throws IOException {
    assertThat(read(file, lmEval(config == null ? "" : config)).values())
        .isNotEmpty()
        .allMatch(value -> value.checkpointId().equals(id));
  }

  @Test
  void lmEvalResultsThatCanBeOfTwoCheckpointsAreRefusedWithBoth() {
    assertThatThrownBy(
            () ->
                read(
                    "lora/2-c/results.json",
                    lmEval("\"model_args\": \"pretrained=x/full/1-python\"")))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining(
            "The results can be of any of [full/1-python, lora/2-c]: the file's name says"
                + " [lora/2-c], the model's path 'x/full/1-python' says [full/1-python]");
    assertThatThrownBy(
            () -> read("r/results.json", lmEval("\"model_args\": \"pretrained=models/nothing\"")))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("of no checkpoint of the manifest")
        .hasMessageContaining("'models/nothing'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a.csv||The file is empty",
        "b.csv|name,loss\n|line 1: expected the columns checkpoint, metric and value, each once,"
            + " found name,loss",
        "c.csv|checkpoint,metric,value\n\"ba\"se,loss,1\n|Cannot read as CSV near line 2",
        "d.csv|checkpoint,metric,value\n|The file holds no metric",
        "e.json||The file is empty",
        "f.json|{\"base\": |Not valid JSON at line 1",
        "g.json|{\"base\": {\"a\": 1, \"a\": 2}}|Duplicate field 'a'",
        "h.json|3|Expected a JSON list or object at the root, found 3",
        "i.json|[]|The file holds no metric",
        "j.txt|x|Expected a metrics file whose name ends with .csv or .json",
      })
  void aFileThatCanNotBeUsedAtAllIsRefused(String example) throws IOException {
    String[] parts = example.split("\\|", 3);
    String uri = write(parts[0], parts[1]);

    assertThatThrownBy(() -> new MetricsReader(storage, NAMES).read(uri))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith("[" + uri + "] ")
        .hasMessageContaining(parts[2]);
  }

  @Test
  void textThatIsNotUtf8IsRefused() throws IOException {
    Path file = temporary.resolve("latin.csv");
    Files.write(file, "checkpoint,metric,valu\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> new MetricsReader(storage, NAMES).read("file:" + file))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[file:%s] The file is not UTF-8".formatted(file));
  }

  @Test
  void aFolderStandsForTheMetricsFilesBelowIt() throws IOException {
    String csv = write("m/a.csv", "x");
    String json = write("m/deep/b.JSON", "x");
    write("m/deep/samples.jsonl", "x");
    write("m/.hidden.csv", "x");
    write("none/c.txt", "x");

    MetricsFiles found = MetricsReader.files(storage, "file:" + temporary.resolve("m"));
    assertThat(found.files()).containsExactly(csv, json);
    assertThat(found.note())
        .contains(
            "1 left out (hidden, a tool's own, or too deep): file:"
                + temporary.resolve("m/.hidden.csv"));
    assertThat(MetricsReader.files(storage, csv).files()).containsExactly(csv);
    assertThat(MetricsReader.files(storage, csv).note()).isEmpty();
    assertThatThrownBy(() -> MetricsReader.files(storage, "file:" + temporary.resolve("none")))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("Expected metrics files (.csv, .json), found none");
    assertThatThrownBy(() -> MetricsReader.files(storage, "file:" + temporary.resolve("no")))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("There are no such metrics");
  }

  /** lm-evaluation-harness names a folder after the model's path, with two underscores for /. */
  @ParameterizedTest
  @CsvSource({
    "__models__full__1-python, full/1-python",
    ".__full__1-python, full/1-python",
    "..__models__full__1-python, full/1-python",
    "_full__1-python, ",
    "full__1-python, full/1-python",
    "C__models__full__1-python, full/1-python",
  })
  void aFolderOfResultsIsReadWhateverItsNameBeginsWith(String name, String id) throws IOException {
    String file =
        write(
            "evals/%s/results_2025-04-23T21-51-32.json".formatted(name),
            "{\"results\": {\"arc\": {\"acc,none\": 0.5}}, \"configs\": {}, \"config\": {"
                + "\"model_args\": \"pretrained=/models/full/1-python\"}}");

    MetricsFiles found = MetricsReader.files(storage, "file:" + temporary.resolve("evals"));

    assertThat(found.files()).containsExactly(file);
    assertThat(found.skipped()).isEmpty();
    assertThat(new MetricsReader(storage, NAMES).read(file).values())
        .extracting(MetricValue::checkpointId)
        .containsExactly("full/1-python");
    if (id != null) {
      assertThat(NAMES.idsOfFile(file)).containsExactly(id);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"_a.csv", "__a.json", "deep/_b/c.csv"})
  void aFileIsReadWhateverItsNameBeginsWith(String name) throws IOException {
    String file = write("m/" + name, "x");

    assertThat(MetricsReader.files(storage, "file:" + temporary.resolve("m")).files())
        .containsExactly(file);
  }

  @Test
  void theFoldersOfToolsAreLeftOutAndNamed() throws IOException {
    List<String> tools =
        List.of(".git", ".ipynb_checkpoints", "__MACOSX", "_delta_log", "_temporary");
    write("m/a.csv", "x");
    for (String tool : tools) {
      write("m/%s/b.json".formatted(tool), "x");
    }

    MetricsFiles found = MetricsReader.files(storage, "file:" + temporary.resolve("m"));

    assertThat(found.files()).hasSize(1);
    assertThat(found.skipped())
        .containsExactlyInAnyOrderElementsOf(
            tools.stream().map(tool -> "file:" + temporary.resolve("m").resolve(tool)).toList());
    Files.delete(temporary.resolve("m/a.csv"));
    assertThatThrownBy(() -> MetricsReader.files(storage, "file:" + temporary.resolve("m")))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("found none; 5 left out (hidden, a tool's own, or too deep): file:");
  }

  @Test
  void linksThatLeadBackAreNotFollowedForEver() throws IOException {
    String file = write("m/a.csv", "x");
    Files.createSymbolicLink(temporary.resolve("m/loop"), temporary.resolve("m"));

    MetricsFiles found = MetricsReader.files(storage, "file:" + temporary.resolve("m"));

    assertThat(found.files()).contains(file).hasSize(13);
    assertThat(found.skipped()).hasSize(1);
  }
}
