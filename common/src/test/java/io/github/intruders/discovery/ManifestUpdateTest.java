package io.github.intruders.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is new is added; every other character of a manifest stays. */
class ManifestUpdateTest {
  @TempDir private Path temporary;
  private TreeBuilder tree;

  @BeforeEach
  void makeATree() throws IOException {
    tree =
        new TreeBuilder(temporary.toRealPath())
            .checkpoint("base")
            .adapter("old", "../base")
            .adapter("new", "../base")
            .adapter("run/checkpoint-100", "../../base")
            .adapter("run/checkpoint-200", "../../base");
  }

  private LocalDiscovery.Found update(String text) throws IOException {
    return new LocalDiscovery(tree.root()).manifest(tree.root().resolve("m.yaml")).update(text);
  }

  @Test
  void entriesGoBehindTheLastOneAsItIsIndented() throws IOException {
    String text =
        """
        # ours, since 2024
        base: {id: llama, uri: "base"}   # the small one

        checkpoints:
            # the best one
            - id: 'Old One'
              adapters:
                - old
              tags: {who: anna}   # and ben

        # the end
        metrics: evals.csv
        """;

    String updated = update(text).text();

    assertThat(updated)
        .isEqualTo(
            text.replace(
                "# and ben\n",
                """
                # and ben
                    - {id: new, adapters: [new], tags: {method: lora}}
                    - {id: run/checkpoint-100, adapters: [run/checkpoint-100], sequence: run, step: 100, tags: {method: lora}}
                    - {id: run/checkpoint-200, adapters: [run/checkpoint-200], sequence: run, step: 200, tags: {method: lora}}
                """));
    assertThat(update(updated).text()).isEqualTo(updated);
  }

  @Test
  void everyStyleAndLineEndIsKept() throws IOException {
    String flow = "base: {id: b, uri: base}\ncheckpoints: [{id: o, uri: old}] # all\n";
    assertThat(update(flow).text())
        .startsWith(
            "base: {id: b, uri: base}\ncheckpoints: [{id: o, uri: old}, {id: new, adapters: [new], tags: {method: lora}}, {id: run/checkpoint-100,")
        .endsWith("{method: lora}}] # all\n");

    String json =
        """
        {
          "base": {"id": "b", "uri": "base"},
          "checkpoints": [
            {"id": "o", "uri": "old"}
          ]
        }
        """;
    assertThat(update(json).text())
        .contains(
            "    {\"id\": \"o\", \"uri\": \"old\"},\n    {\"id\": \"new\", \"adapters\": [\"new\"], \"tags\": {\"method\": \"lora\"}},\n")
        .doesNotContain("#");

    String windows = "base: {id: b, uri: base}\r\ncheckpoints:\r\n- {id: o, uri: old}\r\n";
    assertThat(update(windows).text().replace("\r\n", ""))
        .doesNotContain("\n")
        .contains("- {id: o, uri: old}- {id: new,");

    String unended = "checkpoints:\n- id: \uD83D\uDE00\n  uri: old\nbase: {id: b, uri: base}";
    assertThat(update(unended).text())
        .startsWith("checkpoints:\n- id: \uD83D\uDE00\n  uri: old\n- {id: new,")
        .endsWith("base: {id: b, uri: base}");

    String literal = "base: {id: b, uri: base}\ncheckpoints:\n- uri: old\n  id: |-\n    o\n\n\n";
    assertThat(update(literal).text())
        .startsWith(
            "base: {id: b, uri: base}\ncheckpoints:\n- uri: old\n  id: |-\n    o\n- {id: new,");
  }

  @Test
  void aCheckpointInACommentStaysOut() throws IOException {
    String text =
        """
        base: {id: b, uri: base}
        checkpoints:
          - {id: old, uri: old}
          # - {id: new, adapters: [new]}
          # - {id: second, uri: ./run/checkpoint-200}
        """;

    assertThat(update(text).manifest().checkpointIds())
        .containsExactly("old", "run/checkpoint-100");
  }

  @Test
  void aNewStateJoinsTheSequenceOfTheOthersByItsPresentName() throws IOException {
    String text =
        """
        base: {id: b, uri: base}
        checkpoints:
          - {id: old, uri: old}
          - {id: new, uri: new, sequence: mine, step: 200}
          - {id: first, uri: run/checkpoint-100, sequence: mine, step: 100}
        """;

    LocalDiscovery.Found clash = update(text);
    assertThat(clash.manifest().checkpoints().get(3).sequence()).isNull();
    assertThat(clash.text()).contains("  # step 200 of sequence mine is another one\n");

    tree.adapter("run/checkpoint-300", "../../base");
    CheckpointSpec third = update(text).manifest().checkpoints().get(4);
    assertThat(third.id()).isEqualTo("run/checkpoint-300");
    assertThat(third.sequence()).isEqualTo("mine");
    assertThat(third.step()).isEqualTo(300);
  }

  @Test
  void whatNamesAnotherBaseIsNotAddedThoughItsShapesFit() throws IOException {
    tree.adapter("known", "acme/tiny-9b")
        .adapter("alike", "other/tiny-9b")
        .adapter("foreign", "acme/huge-70b");
    String text =
        """
        base: {id: b, uri: base}
        checkpoints:
          - {id: known, adapters: [known]}
          # - {id: o, uri: old}
          # - {id: n, uri: new}
          # - {id: r, adapters: [run/checkpoint-100, run/checkpoint-200]}
        """;

    LocalDiscovery.Found found = update(text);

    assertThat(found.manifest().checkpointIds()).containsExactly("known", "alike");
    assertThat(found.text()).contains("#   foreign: made from another base, huge-70b\n");
  }

  @Test
  void anIdThatAPersonGaveToSomethingElseIsNotGivenTwice() throws IOException {
    String text = "base: {id: b, uri: base}\ncheckpoints:\n  - {id: new, uri: old}\n";

    assertThat(update(text).manifest().checkpointIds())
        .element(1)
        .asString()
        .matches("new-[0-9a-f]{8}");
  }

  @Test
  void whatIsLeftOutIsWrittenAnewBetweenTheMarks() throws IOException {
    tree.adapter("broken", "../base");
    Files.write(tree.root().resolve("broken/adapter_model.safetensors"), new byte[2]);
    String text =
        """
        base: {id: b, uri: base}
        checkpoints:
          - {id: old, uri: old}
          - {id: gone, uri: gone}
        # >>> discover: what is left out; --update writes this part anew
        # anything
        # <<< discover
        # mine
        """;

    String updated = update(text).text();

    assertThat(updated)
        .doesNotContain("anything")
        .contains("# No longer there: gone, at file:" + tree.root() + "/gone.\n")
        .contains("# Can't be used (1):\n#   broken: [file:")
        .endsWith("# <<< discover\n# mine\n");
    assertThat(update(updated).text()).isEqualTo(updated);

    Files.delete(tree.root().resolve("broken/adapter_config.json"));
    Files.delete(tree.root().resolve("broken/adapter_model.safetensors"));
    assertThat(update(updated.replace("  - {id: gone, uri: gone}\n", "")).text())
        .doesNotContain(">>> discover")
        .endsWith("# mine\n");
  }

  @Test
  void metricsAreAddedInEveryForm() throws IOException {
    String results =
        "{\"results\": {\"t\": {\"acc,none\": 0.5}}, \"config\": {\"model_args\": \"peft=%s\"}}";
    tree.file("evals/results_2026-01-02.json", results.formatted("old"));
    String head = "base: {id: b, uri: base}\ncheckpoints:\n- {id: old, uri: old}\n";
    String added = "evals/results_2026-01-02.json";

    assertThat(update(head).text()).endsWith("\nmetrics:\n  - " + added + "\n");
    assertThat(update("metrics: e.csv # x\n" + head).text())
        .startsWith("metrics: [e.csv, %s] # x\n".formatted(added));
    assertThat(update("metrics: [e.csv]\n" + head).text())
        .startsWith("metrics: [e.csv, %s]\n".formatted(added));
    assertThat(update("metrics:\n- e.csv\n" + head).text())
        .startsWith("metrics:\n- e.csv\n- %s\nbase".formatted(added));
    assertThat(update("{base: {id: b, uri: base}, checkpoints: [{id: old, uri: old}]}").text())
        .endsWith(", \"metrics\": [\"%s\"]}".formatted(added));
    assertThat(update("metrics: evals\n" + head).text()).startsWith("metrics: evals\n");
  }

  @Test
  void whatCanNotBeAddedToIsRefused() {
    assertThatThrownBy(() -> update("base: {id: b, uri: base}\ncheckpoints: []\n"))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("expected at least one");
  }
}
