package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.config.OwnSettings;
import io.github.intruders.jobs.listener.RecordingListener;
import io.github.intruders.jobs.listener.RecordingListener.Told;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user gets to read, and a scheduler gets to see, when something can't be used. */
class ExitCodesTest {
  @TempDir private static Path temporary;

  @BeforeAll
  static void setMaster() {
    System.setProperty("spark.master", "local[1]");
    System.setProperty("spark.ui.enabled", "false");
  }

  @AfterAll
  static void unsetMaster() {
    System.clearProperty("spark.master");
    System.clearProperty("spark.ui.enabled");
  }

  private static String zoo(String path) {
    return System.getProperty("zoo") + "/" + path;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --top-k 0          | Cannot use top-k '0': expected a number such as 10, a share such as 25%, or all
          --top-k 101%       | Cannot use top-k '101%': expected a number such as 10, a share such as 25%, or all
          --epsilon 1.5      | Cannot use epsilon 1.5: expected a number above 0, at most 1
          --epsilon x        | Invalid value for option '--epsilon' (E): 'x' is not a double
          --include [        | Cannot use --include '[': Unclosed character class near index 0
          --side up          | Invalid value for option '--side': expected one of [LEFT, RIGHT, BOTH] (case-insensitive) but was 'up'
          --nonsense         | Unknown option: '--nonsense'
          """)
  void aSettingThatCanNotBeUsedIsNamed(String options, String message) {
    String[] given = options.split(" ", -1);
    String[] args = new String[given.length + 5];
    System.arraycopy(
        new String[] {"scan", "--base", zoo("base"), "--tuned", zoo("lora-r1/1-python")},
        0,
        args,
        0,
        5);
    System.arraycopy(given, 0, args, 5, given.length);

    Outcome outcome = Outcome.of(args);

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(message);
  }

  /** In a task that writes the ledger, in one that writes a table, and on the driver. */
  @ParameterizedTest
  @CsvSource({"_work/scan", "_work/staging", "_summary"})
  void aFullDiskIsToldInOneLine(String where) {
    String scheme = "spark.hadoop.fs." + FlakyFileSystem.SCHEME + ".impl";
    System.setProperty(scheme, FlakyFileSystem.class.getName());
    FlakyFileSystem.fillDisk(where);
    try {
      Outcome outcome =
          Outcome.of(
              "scan",
              "--base",
              zoo("base"),
              "--tuned",
              zoo("lora-r1/1-python"),
              "--include",
              "layers\\.0\\.self_attn\\.q",
              "--out",
              FlakyFileSystem.SCHEME + ":" + temporary.resolve("full" + where.hashCode()));

      assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(1);
      assertThat(outcome.err())
          .startsWith(
              "intruders: The disk is full: free some space or name another place (--out,"
                  + " --spectra), then run the same command again; what is finished is kept. The"
                  + " storage said: ")
          .hasLineCount(1);
    } finally {
      FlakyFileSystem.mend();
      System.clearProperty(scheme);
    }
  }

  @Test
  void settingsAreLookedAtBeforeASessionIsOpen() {
    for (Map.Entry<String, String> setting :
        Map.of(
                OwnSettings.TASK_MEMORY,
                "lots",
                OwnSettings.EXECUTOR_WAIT,
                "soon",
                "spark.local.dir",
                "/dev/null/x")
            .entrySet()) {
      System.setProperty(setting.getKey(), setting.getValue());
      try {
        Outcome outcome =
            Outcome.of("scan", "--base", zoo("base"), "--tuned", zoo("lora-r1/1-python"));

        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err())
            .startsWith("intruders: Cannot use " + setting.getKey())
            .contains(setting.getValue())
            .hasLineCount(1);
      } finally {
        System.clearProperty(setting.getKey());
      }
    }
  }

  @Test
  void inputsAreAskedFor() {
    Outcome outcome = Outcome.of("run");

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("Missing inputs: give --manifest, or --base and --tuned");
  }

  @Test
  void anUnknownKeyOfTheManifestIsNamedWithItsLine() throws IOException {
    Path manifest = temporary.resolve("typo.yaml");
    Files.writeString(manifest, "base: {id: b, uri: base}\ncheckpoints:\n  - id: x\n    url: y\n");

    Outcome outcome = Outcome.of("run", "--manifest", manifest.toString());

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo(
            "intruders: [file:%s] line 4: Unknown key 'url' in a checkpoint; expected one of [id, uri, adapters, merged_from, sequence, step, task, tags]%n"
                .formatted(manifest));
  }

  @Test
  void aManifestThatIsNotThereIsNamed() {
    Outcome outcome = Outcome.of("run", "--manifest", temporary.resolve("no.yaml").toString());

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo("intruders: [file:%s/no.yaml] There is no such manifest%n".formatted(temporary));
  }

  @Test
  void aRunWithoutAnythingToAnalyseSaysWhyAndExitsWithTwo() {
    Outcome outcome =
        Outcome.of(
            "scan",
            "--base",
            zoo("base"),
            "--tuned",
            zoo("base"),
            "--out",
            temporary.resolve("nothing").toString(),
            "--openlineage");

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .contains(
            "Nothing can be analysed; the first reason: [file:"
                + zoo("base")
                + "] This is the base itself; expected a checkpoint that was tuned from it");
    List<Told> told = RecordingListener.take();
    assertThat(told).hasSize(2);
    assertThat(told.get(0).what()).isEqualTo("started");
    assertThat(told.get(0).run().inputs()).containsExactly("file:" + zoo("base"));
    assertThat(told.get(1).what()).startsWith("Nothing can be analysed; the first reason: ");
  }

  @Test
  void whoIsToldIsLookedForBeforeASessionIsOpen() {
    Outcome outcome =
        Outcome.of("plan", "--base", zoo("base"), "--tuned", zoo("lora-r1/1-python"), "--mlflow");

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err().lines())
        .containsExactly(
            "intruders: Cannot use --mlflow: intruders-decisions.jar is not on the class path; build it"
                + " with the job (jobs/decisions/target), or hand it to spark-submit by --jars");
  }

  @Test
  void nobodyIsToldOfAnEarlierState() {
    Outcome outcome = Outcome.of("report", "--out", "x", "--as-of", "r1", "--openlineage");

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("leave out --mlflow and --openlineage");
  }

  @Test
  void aBaseThatIsNotThereExitsWithTwo() {
    Outcome outcome =
        Outcome.of("scan", "--base", zoo("nowhere"), "--tuned", zoo("lora-r1/1-python"));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("nowhere]");
  }

  @Test
  void planComputesAndWritesNothing() throws IOException {
    Path out = temporary.resolve("planned");

    Outcome outcome =
        Outcome.of("plan", "--manifest", zoo("manifest.yaml"), "--out", out.toString());

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out())
        .contains("28 matrices, 0 more are stored")
        .contains("4 x self_attn.k_proj  64x128 BF16")
        .contains("lora-r32/4-xml");
    assertThat(out).doesNotExist();
  }

  @Test
  void showFiltersAndFormatsAndNamesWhatItCanNotUse() {
    Path out = temporary.resolve("shown");
    Outcome.of(
        "scan",
        "--base",
        zoo("base"),
        "--tuned",
        zoo("lora-r8/1-python"),
        "--include",
        "layers\\.0\\.mlp",
        "--out",
        out.toString());

    Outcome csv =
        Outcome.of(
            "show",
            "matrices",
            "--out",
            out.toString(),
            "--format",
            "csv",
            "--where",
            "module = 'mlp.up_proj'");
    assertThat(csv.exitCode()).isZero();
    assertThat(csv.out().lines()).hasSize(2);
    assertThat(csv.out().lines().skip(1).findFirst().orElseThrow())
        .startsWith("1-python,model.layers.0.mlp.up_proj.weight,0,mlp.up_proj,384,128,BF16,8,");

    Outcome json =
        Outcome.of(
            "show",
            "singular_vectors",
            "--out",
            out.toString(),
            "--format",
            "json",
            "--limit",
            "3");
    assertThat(json.out().lines())
        .hasSize(3)
        .allMatch(line -> line.startsWith("{\"checkpoint_id\":"));

    Outcome table = Outcome.of("show", "nonsense", "--out", out.toString());
    assertThat(table.exitCode()).isEqualTo(2);
    assertThat(table.err())
        .contains(
            "There is no table 'nonsense'; expected one of [adapter_coverage, checkpoints, matrices, rejects, similarity, singular_vectors]");

    Outcome where =
        Outcome.of("show", "matrices", "--out", out.toString(), "--where", "nonsense > 1");
    assertThat(where.exitCode()).isEqualTo(2);
    assertThat(where.err()).contains("Cannot use --where 'nonsense > 1'");
    assertThat(Outcome.of("show", "matrices", "--out", out.toString(), "--where", "1 = 1; x").err())
        .contains("Cannot use --where '1 = 1; x': [PARSE_SYNTAX_ERROR]");

    Outcome limit = Outcome.of("show", "matrices", "--out", out.toString(), "--limit", "-1");
    assertThat(limit.exitCode()).isEqualTo(2);
    assertThat(limit.err()).contains("Cannot use --limit -1: expected 0 or more");
  }

  @Test
  void inspectListsTensors() {
    Outcome outcome = Outcome.of("inspect", zoo("lora-r8/1-python"));

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out())
        .contains("28 updates")
        .contains("model.layers.0.mlp.down_proj.weight  128x384, rank 8, scale 2.0, F32");
    assertThat(Outcome.of("inspect", zoo("base")).out())
        .contains("39 tensors")
        .contains("lm_head.weight  BF16 256x128  model.safetensors");
  }
}
