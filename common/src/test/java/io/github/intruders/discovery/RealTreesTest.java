package io.github.intruders.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.discovery.Finding.LeftOut;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees as the real tools leave them; {@code make_trees.py} made them. */
class RealTreesTest {
  private static final Path TREES = Path.of("src/test/resources/fixtures/trees").toAbsolutePath();
  private static final Path PEFT =
      Path.of("src/test/resources/fixtures/peft/llama").toAbsolutePath();

  @TempDir private Path temporary;
  private Path trees;

  @BeforeEach
  void copyWithLinks() throws IOException {
    trees = temporary.toRealPath();
    try (Stream<Path> files = Files.walk(TREES)) {
      for (Path file : files.skip(1).toList()) {
        Files.copy(file, trees.resolve(TREES.relativize(file).toString()));
      }
    }
    for (String line : Files.readAllLines(trees.resolve("hub/links.txt"))) {
      String[] link = line.split(" ", 2);
      Path place = trees.resolve("hub").resolve(link[0]);
      Files.createDirectories(place.getParent());
      Files.createSymbolicLink(place, Path.of(link[1]));
    }
  }

  /** The manifest without its comments above and below. */
  private static String body(String text) {
    return text.lines()
        .filter(line -> !line.startsWith("#"))
        .reduce("", (all, line) -> all + line + "\n");
  }

  @Test
  void runsOfTheTrainerBecomeSequencesWithTheirEvaluations() throws IOException {
    LocalDiscovery.Found found =
        new LocalDiscovery(trees.resolve("trainer"))
            .tags("runs/{method}/{task}-seed{seed}")
            .manifest(trees.resolve("trainer/checkpoints.yaml"))
            .find();

    assertThat(body(found.text()))
        .isEqualTo(
            """
            base: {id: models/tiny-llama, uri: models/tiny-llama}
            checkpoints:
              # it does not say what it was made from, but its shapes fit the base
              - {id: runs/full/math-seed1/checkpoint-4, uri: runs/full/math-seed1/checkpoint-4, sequence: runs/full/math-seed1, step: 4, task: math, tags: {method: full, seed: 1}}
              # it does not say what it was made from, but its shapes fit the base
              - {id: runs/full/math-seed1/checkpoint-6, uri: runs/full/math-seed1/checkpoint-6, sequence: runs/full/math-seed1, step: 6, task: math, tags: {method: full, seed: 1}}
              - {id: runs/lora/code-seed2/checkpoint-2, adapters: [runs/lora/code-seed2/checkpoint-2], sequence: runs/lora/code-seed2, step: 2, task: code, tags: {method: lora, seed: 2}}
              - {id: runs/lora/code-seed2/checkpoint-4, adapters: [runs/lora/code-seed2/checkpoint-4], sequence: runs/lora/code-seed2, step: 4, task: code, tags: {method: lora, seed: 2}}
              - {id: runs/lora/code-seed2/checkpoint-6, adapters: [runs/lora/code-seed2/checkpoint-6], sequence: runs/lora/code-seed2, step: 6, task: code, tags: {method: lora, seed: 2}}
              - {id: runs/lora/math-seed1/checkpoint-2, adapters: [runs/lora/math-seed1/checkpoint-2], sequence: runs/lora/math-seed1, step: 2, task: math, tags: {method: lora, seed: 1}}
              - {id: runs/lora/math-seed1/checkpoint-4, adapters: [runs/lora/math-seed1/checkpoint-4], sequence: runs/lora/math-seed1, step: 4, task: math, tags: {method: lora, seed: 1}}
              - {id: runs/lora/math-seed1/checkpoint-6, adapters: [runs/lora/math-seed1/checkpoint-6], sequence: runs/lora/math-seed1, step: 6, task: math, tags: {method: lora, seed: 1}}
            metrics:
              - metrics.csv
              - results/base/models__tiny-llama/results_2026-11-28T10-18-24.565797.json
              - results/runs__lora__code-seed2__checkpoint-6/runs__lora__code-seed2__checkpoint-6/results_2026-11-28T10-19-19.174423.json
              - results/runs__lora__math-seed1__checkpoint-6/runs__lora__math-seed1__checkpoint-6/results_2026-11-28T10-18-58.050411.json
            """);
    assertThat(found.fleet().leftOut())
        .containsExactly(
            new LeftOut(
                0,
                "runs/full/math-seed1",
                "the end of the run by its trainer_state.json (step 6), which checkpoint-6 tells already",
                false));
    // As the files' log_history has them.
    assertThat(found.fleet().trainerMetrics().orElseThrow().lines())
        .hasSize(1 + 1 + 8)
        .startsWith("checkpoint,metric,value", "models/tiny-llama,eval_loss,3.459397077560425")
        .contains(
            "runs/full/math-seed1/checkpoint-6,eval_loss,3.2331490516662598",
            "runs/lora/math-seed1/checkpoint-2,eval_loss,3.4565672874450684",
            "runs/lora/math-seed1/checkpoint-4,eval_loss,3.4547553062438965");
  }

  @Test
  void theStateThatTrlSavesAboveItsCheckpointsIsOneOfItsOwn() throws IOException {
    LocalDiscovery.Found found =
        new LocalDiscovery(trees.resolve("trl"))
            .base(trees.resolve("trainer/models/tiny-llama"))
            .manifest(trees.resolve("trl/checkpoints.yaml"))
            .find();

    assertThat(body(found.text()))
        .isEqualTo(
            """
            base: {id: tiny-llama, uri: file:%s/trainer/models/tiny-llama}
            checkpoints:
              - {id: sft, adapters: [sft], tags: {method: lora}}
              - {id: sft/checkpoint-2, adapters: [sft/checkpoint-2], sequence: sft, step: 2, tags: {method: lora}}
              - {id: sft/checkpoint-4, adapters: [sft/checkpoint-4], sequence: sft, step: 4, tags: {method: lora}}
            """
                .formatted(trees));
  }

  @Test
  void theHubsCacheIsReadThroughItsLinksAndByItsReference() throws IOException {
    LocalDiscovery.Found found =
        new LocalDiscovery(trees.resolve("hub"))
            .manifest(trees.resolve("hub/checkpoints.yaml"))
            .find();

    assertThat(body(found.text()))
        .isEqualTo(
            """
            base: {id: acme/tiny-llama, uri: models--acme--tiny-llama}
            checkpoints:
              - {id: acme/tiny-llama-math-lora, adapters: [models--acme--tiny-llama-math-lora], tags: {method: lora}}
            """);
    assertThat(found.fleet().leftOut())
        .containsExactly(
            new LeftOut(
                0,
                "models--acme--tiny-llama/snapshots/" + "a".repeat(40),
                "an older snapshot; refs/main means " + "b".repeat(40),
                false));

    Path inside =
        trees.resolve("hub/models--acme--tiny-llama-math-lora/snapshots/" + "c".repeat(40));
    LocalDiscovery outside =
        new LocalDiscovery(inside).base(trees.resolve("trainer/models/tiny-llama"));
    assertThat(outside.find().fleet().leftOut())
        .extracting(LeftOut::reason)
        .containsOnly("a link that leads out of the tree; name where it leads to as well");
  }

  @Test
  void everyKindOfAdapterIsFoundAndWhatCanNotBeAnalysedIsNamed() throws IOException {
    LocalDiscovery.Found found = new LocalDiscovery(PEFT).base(PEFT.resolve("base")).find();

    assertThat(found.manifest().checkpointIds())
        .hasSize(52)
        .contains(
            "mlx", "named/sentiment", "mixed/4-dora", "kohya-lora/adapter/kohya-lora", "pissa")
        .doesNotContain("base");
    assertThat(found.fleet().leftOut().stream().filter(LeftOut::broken))
        .extracting(LeftOut::path)
        .isEqualTo(
            List.of(
                "alora",
                "bd-lora",
                "fourierft",
                "prompt-tuning",
                "vera-without-projection",
                "waveft"));
  }
}
