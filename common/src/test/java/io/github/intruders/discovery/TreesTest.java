package io.github.intruders.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.discovery.Finding.LeftOut;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies in trees, good and bad, and what becomes of it. */
class TreesTest {
  @TempDir private Path temporary;
  private TreeBuilder tree;

  @BeforeEach
  void begin() throws IOException {
    tree = new TreeBuilder(Files.createDirectories(temporary.toRealPath().resolve("tree")));
  }

  private LocalDiscovery discovery() {
    return new LocalDiscovery(tree.root()).manifest(tree.root().resolve("m.yaml"));
  }

  private static Map<String, String> reasons(LocalDiscovery.Found found) {
    Map<String, String> reasons = new TreeMap<>();
    found.fleet().leftOut().forEach(one -> reasons.put(one.path(), one.reason()));
    return reasons;
  }

  @Test
  void theBaseThatMostAdaptersNameIsTakenAndTheOthersAreToldApart() throws IOException {
    tree.checkpoint("models/alpha-7b")
        .checkpoint("models/beta-7b")
        .adapter("a1", "acme/alpha-7b")
        .adapter("a2", "/elsewhere/alpha-7b")
        .adapter("a3", tree.root() + "/models/alpha-7b")
        .adapter("b1", "../models/beta-7b")
        .adapter("c1", "https://user:hidden@hub/gamma-7b")
        .adapter("silent", null)
        .adapter("wide", null, 3);

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.manifest().baseId()).isEqualTo("models/alpha-7b");
    assertThat(found.manifest().checkpointIds()).containsExactly("a1", "a2", "a3", "silent");
    assertThat(reasons(found))
        .containsEntry("b1", "made from another base, models/beta-7b")
        .containsEntry("c1", "made from another base, gamma-7b")
        .containsEntry("models/beta-7b", "a base itself, of other models (1)");
    assertThat(reasons(found).get("wide")).startsWith("does not fit the base: ");
    assertThat(found.fleet().broken()).isZero();
    assertThat(found.text()).doesNotContain("hidden");

    LocalDiscovery.Found beta = discovery().base(tree.root().resolve("models/beta-7b")).find();
    assertThat(beta.manifest().checkpointIds()).containsExactly("b1", "silent");
  }

  @Test
  void aPathThatEndsAsACheckpointsMeansIt() throws IOException {
    tree.checkpoint("deep/models/base")
        .checkpoint("other/base")
        .adapter("a", "models/base")
        .adapter("b", "base");

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.manifest().baseId()).isEqualTo("deep/models/base");
    assertThat(found.text())
        .contains(
            "  - {id: a, adapters: [a], tags: {method: lora}}\n  # it does not say what it was made from, but its shapes fit the base\n  - {id: b,");
  }

  @Test
  void aBaseThatIsNotInTheTreeIsAskedFor() throws IOException {
    tree.adapter("a1", "acme/alpha-7b").adapter("a2", "acme/alpha-7b").adapter("b", "beta-7b");

    assertThatThrownBy(() -> discovery().find())
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "The base that most models name, alpha-7b, is not below file:%s; name its folder by --base URI, or one that holds it beside the others (named are: alpha-7b by 2, beta-7b by 1)"
                .formatted(tree.root()));

    new TreeBuilder(temporary.toRealPath()).checkpoint("other");
    LocalDiscovery.Found given = discovery().base(temporary.toRealPath().resolve("other")).find();
    assertThat(given.manifest().checkpointIds()).containsExactly("a1", "a2");
    assertThat(given.text())
        .contains(
            "# No model names this base; it is taken for what most of them name, alpha-7b.\n");
  }

  @Test
  void brokenThingsAreNamedAndTheGoodOnesListed() throws IOException {
    tree.checkpoint("base")
        .adapter("good", "../base")
        .adapter("cut", "../base")
        .adapter("no-weights", "../base")
        .adapter("bad-config", "../base")
        .file("index/model.safetensors.index.json", "{}")
        .file("parts/model-1.safetensors", "")
        .file("zero/global_step5/zero_pp_rank_0_mp_rank_00_optim_states.pt", "")
        .file("notes/readme.md", "x")
        .file("state/optimizer.pt", "x");
    Files.write(tree.root().resolve("cut/adapter_model.safetensors"), new byte[7]);
    Files.delete(tree.root().resolve("no-weights/adapter_model.safetensors"));
    tree.file("bad-config/adapter_config.json", "{\"peft_type\": ");

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.manifest().checkpointIds()).containsExactly("good");
    assertThat(found.fleet().leftOut().stream().filter(LeftOut::broken).map(LeftOut::path))
        .containsExactly("bad-config", "cut", "index", "no-weights", "parts/model-1.safetensors");
    assertThat(reasons(found).get("zero/global_step5"))
        .contains("this is a checkpoint of DeepSpeed");
  }

  @Test
  void linksNeverLeadOutAndCirclesEnd() throws IOException {
    Path outside = new TreeBuilder(temporary.toRealPath()).adapter("outside", "base").root();
    tree.checkpoint("base")
        .adapter("a", "../base")
        .link("circle", tree.root())
        .link("a/up", tree.root())
        .link("latest", tree.root().resolve("a"))
        .link("out", outside.resolve("outside"))
        .link("nowhere", outside.resolve("nothing"))
        .link("b/adapter_config.json", tree.root().resolve("a/adapter_config.json"))
        .link("b/adapter_model.safetensors", tree.root().resolve("a/adapter_model.safetensors"))
        .link("c/adapter_config.json", tree.root().resolve("a/adapter_config.json"))
        .link("c/adapter_model.safetensors", outside.resolve("outside/adapter_model.safetensors"));

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.manifest().checkpointIds()).containsExactly("a", "b");
    assertThat(reasons(found))
        .containsEntry("out", "a link that leads out of the tree; name where it leads to as well")
        .containsEntry(
            "c/adapter_model.safetensors",
            "a link that leads out of the tree; name where it leads to as well")
        .containsEntry("circle", "a link to a folder of the tree, which is found there")
        .containsKey("c")
        .hasSize(6);

    Path link = temporary.resolve("entrance");
    Files.createSymbolicLink(link, tree.root());
    assertThat(new LocalDiscovery(link).find().manifest().checkpoints().get(0).sources())
        .containsExactly("file:" + link + "/a");
  }

  @Test
  void namesCanDoNoHarm() throws IOException {
    tree.checkpoint("base").adapter("null", "../base").adapter("true", "../base");
    for (String name :
        List.of(
            "x: y",
            "# c",
            "2024-01-01T10:00:00",
            "quote\"s'",
            "back\\slash",
            "ünï \uD83D\uDE00",
            "- {a}")) {
      tree.adapter(name, "../base");
    }
    tree.adapter("x\ncheckpoints: []", "../base")
        .adapter("run;token=abc", "../base")
        .adapter("l".repeat(120) + "/" + "m".repeat(120), "../../base");

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.manifest().checkpoints()).hasSize(10);
    assertThat(found.manifest().checkpointIds())
        .contains("x: y", "# c", "2024-01-01T10:00:00", "quote\"s'", "true", "- {a}")
        .anyMatch(id -> id.matches("back_slash-[0-9a-f]{8}"))
        .anyMatch(id -> id.matches("null-[0-9a-f]{8}"))
        .anyMatch(id -> id.matches("l+/m+-[0-9a-f]{8}"));
    for (CheckpointSpec spec : found.manifest().checkpoints()) {
      assertThat(
              Path.of(spec.sources().get(0).substring("file:".length()))
                  .resolve("adapter_config.json"))
          .exists();
    }
    assertThat(found.text())
        .contains("x?checkpoints: []: its name has a control character in it; rename it")
        .contains("run;token=***: its path has a secret in it; rename it")
        .doesNotContain("abc");
    assertThat(discovery().update(found.text()).text()).isEqualTo(found.text());
  }

  @Test
  void idsDoNotDependOnWhatElseIsThere() throws IOException {
    tree.checkpoint("north/base")
        .adapter("north/a", "../base")
        .adapter("south/a", "../../north/base");
    Path north = tree.root().resolve("north");
    Path south = tree.root().resolve("south");

    assertThat(new LocalDiscovery(south, north).find().manifest().checkpointIds())
        .containsExactly("south/a", "north/a");
    tree.adapter("south/b", "../../north/base");
    assertThat(new LocalDiscovery(north, south).find().manifest().checkpointIds())
        .containsExactly("north/a", "south/a", "south/b");

    assertThatThrownBy(() -> new LocalDiscovery(tree.root(), south).find())
        .hasMessageContaining("which is looked through too");
  }

  @Test
  void whatThisProgramWroteAndWhatIsHiddenIsNoModel() throws IOException {
    tree.checkpoint("base")
        .adapter("a", "../base")
        .adapter(".trash/b", "../../base")
        .adapter("out/mitigated/a/top-l0.5", "../base")
        .file("out/_summary.json", "{}")
        .file("out/_work/scan/x.jsonl", "")
        .file("store/sources/x", "")
        .file("store/" + "0".repeat(64) + ".safetensors", "");

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.manifest().checkpointIds()).containsExactly("a");
    assertThat(reasons(found).keySet()).containsExactly("out", "store");
    assertThat(discovery().excluding("{out,st*}").find().fleet().leftOut()).isEmpty();
  }

  @Test
  void filesOfKohyasTrainersBecomeASequence() throws IOException {
    tree.checkpoint("base");
    for (int epoch = 1; epoch <= 3; epoch++) {
      String name = epoch == 3 ? "hero" : "hero-%06d".formatted(epoch);
      new SafetensorsFile()
          .metadata(Map.of("ss_steps", String.valueOf(50 * epoch), "ss_sd_model_name", "base"))
          .addFloats(
              "lora_te_model_layers_0_self_attn_q_proj.lora_down.weight", List.of(1, 2), 0, 0)
          .addFloats("lora_te_model_layers_0_self_attn_q_proj.lora_up.weight", List.of(2, 1), 0, 0)
          .addFloats("lora_te_model_layers_0_self_attn_q_proj.alpha", List.of(), 1)
          .write(tree.root().resolve("kohya/%s.safetensors".formatted(name)));
    }

    LocalDiscovery.Found found = discovery().base(tree.root().resolve("base")).find();

    assertThat(found.manifest().checkpoints())
        .extracting(CheckpointSpec::id, CheckpointSpec::sequence, CheckpointSpec::step)
        .containsExactly(
            tuple("kohya/hero-000001", "kohya/hero", 50),
            tuple("kohya/hero-000002", "kohya/hero", 100),
            tuple("kohya/hero", "kohya/hero", 150));
  }

  @Test
  void evaluationsOnOtherDataKeepARunsNameAndThoseWithoutABaseAreLeftOut() throws IOException {
    String log =
        "{\"global_step\": 5, \"log_history\": [%s{\"step\": 5, \"eval_loss\": %s, \"eval_runtime\": 1, \"eval_mood\": 2}]}";
    String zero = "{\"step\": 0, \"eval_loss\": %s}, ";
    tree.checkpoint("base")
        .adapter("r1/checkpoint-5", "../../base")
        .adapter("r2/checkpoint-5", "../../base")
        .adapter("r3/checkpoint-5", "../../base")
        .file("r1/checkpoint-5/trainer_state.json", log.formatted(zero.formatted("3.0"), "2.0"))
        .file("r2/checkpoint-5/trainer_state.json", log.formatted(zero.formatted("4.0"), "3.5"))
        .file("r3/checkpoint-5/trainer_state.json", log.formatted("", "1.0"));

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.fleet().trainerMetrics())
        .contains(
            """
        checkpoint,metric,value
        base,eval_loss,3.0
        r1/checkpoint-5,eval_loss,2.0
        base,r2/eval_loss,4.0
        r2/checkpoint-5,r2/eval_loss,3.5
        """);
    assertThat(found.text())
        .contains("since they did not evaluate the base (eval_on_start does): eval_loss.")
        .contains("whose names don't tell which way is better are left out: eval_mood.");
  }

  @Test
  void theNewestResultsOfATaskCount() throws IOException {
    String results =
        "{\"results\": {\"%s\": {\"acc,none\": 0.5}}, \"config\": {\"model_args\": \"peft=%s\"}}";
    tree.checkpoint("base")
        .adapter("a", "../base")
        .file("evals/results_2026-01-01.json", results.formatted("t", "a"))
        .file("evals/results_2026-01-02.json", results.formatted("t", "a"))
        .file("evals/results_2026-01-03.json", results.formatted("u", "a"))
        .file("evals/results_2026-01-04.json", results.formatted("t", "other"))
        .file("evals/results_broken.json", "{");

    LocalDiscovery.Found found = discovery().find();

    assertThat(found.manifest().metrics())
        .extracting(uri -> uri.substring(uri.lastIndexOf('/') + 1))
        .containsExactly("results_2026-01-02.json", "results_2026-01-03.json");
    assertThat(reasons(found))
        .containsEntry(
            "evals/results_2026-01-01.json",
            "other results of a for the same tasks stand in the manifest")
        .containsEntry("evals/results_2026-01-04.json", "results of no checkpoint of the manifest");
    assertThat(found.fleet().broken()).isEqualTo(1);
  }
}
