package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamePairsTest {
  private static final List<String> TEXT = List.of("self_attn.q_proj.weight", "mlp.up_proj.weight");
  private static final List<String> VISION = List.of("attn.qkv.weight", "mlp.fc1.weight");
  private static final List<String> AUDIO =
      List.of("self_attn.q_proj.weight", "fc1.weight", "fc2.weight", "final_layer_norm.weight");

  private static Set<String> stack(String lead, int layers, List<String> names) {
    Set<String> stack = new TreeSet<>();
    for (int layer = 0; layer < layers; layer++) {
      for (String name : names) {
        stack.add("%s%d.%s".formatted(lead, layer, name));
      }
    }
    return stack;
  }

  @SafeVarargs
  private static Set<String> all(Set<String>... parts) {
    Set<String> all = new TreeSet<>();
    for (Set<String> part : parts) {
      all.addAll(part);
    }
    return all;
  }

  private static void assertPairs(
      NamePairs pairs, Set<String> base, String inBase, String inTuned) {
    for (String name : base) {
      if (name.startsWith(inBase)) {
        String tuned = inTuned + name.substring(inBase.length());
        assertThat(pairs.inBase(tuned)).isEqualTo(name);
        assertThat(pairs.inTuned(name)).isEqualTo(tuned);
        pairs.requireClear(name, "file:/t");
      }
    }
  }

  private static void assertNothingPairs(NamePairs pairs, Set<String> tuned) {
    assertThat(tuned).allSatisfy(name -> assertThat(pairs.inBase(name)).isEqualTo(name));
    assertThat(pairs.notes()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "encoder.layer., bert.encoder.layer.",
    "encoder.layer., vit.encoder.layer.",
    "encoder.layer., roberta.encoder.layer.",
    "transformer.layer., distilbert.transformer.layer.",
    "encoder.layer., deberta.encoder.layer.",
    "encoder.layers., wav2vec2.encoder.layers.",
    "encoder.layers., a_name_of_tomorrow.encoder.layers.",
    "h., transformer.h.",
    "layers., backbone.layers.",
    "model.layers., model.language_model.layers.",
    "model.layers., language_model.model.layers.",
    "language_model.model.layers., model.language_model.layers.",
    "vision_tower.vision_model.encoder.layers., model.vision_tower.vision_model.encoder.layers.",
    "visual.blocks., model.visual.blocks.",
    "model.layers., module.model.language_model.layers.",
    "model.layers., thinker.model.layers.",
    "encoder.layers., model.audio_tower.encoder.layers.",
  })
  void oneRulePairsAllNamesOfAStackInBothDirections(String one, String other) {
    for (boolean whole : new boolean[] {true, false}) {
      for (List<String> way : List.of(List.of(one, other), List.of(other, one))) {
        Set<String> base = stack(way.get(0), 3, TEXT);
        NamePairs pairs = NamePairs.of(base, stack(way.get(1), 3, TEXT), whole);

        assertPairs(pairs, base, way.get(0), way.get(1));
        Rename rule = Rename.of(way.get(0), way.get(1));
        assertThat(pairs.notes()).containsExactly("names pair by prefix: %s (6)".formatted(rule));
      }
    }
  }

  @Test
  void aRuleIsToldDownToTheLastWordThatDiffers() {
    assertThat(Rename.of("model.layers.", "model.language_model.layers."))
        .hasToString("\"model.\" in the base, \"model.language_model.\" here");
    assertThat(Rename.of("encoder.layer.", "bert.encoder.layer."))
        .hasToString("\"\" in the base, \"bert.\" here");
  }

  @Test
  void everyTowerHasItsOwnRule() {
    Set<String> base = all(stack("model.layers.", 4, TEXT), stack("visual.blocks.", 2, VISION));
    Set<String> tuned =
        all(
            stack("model.language_model.layers.", 4, TEXT),
            stack("model.visual.blocks.", 2, VISION));

    NamePairs pairs = NamePairs.of(base, tuned, true);

    assertPairs(pairs, base, "model.layers.", "model.language_model.layers.");
    assertPairs(pairs, base, "visual.blocks.", "model.visual.blocks.");
    assertThat(pairs.notes()).hasSize(2);
  }

  @Test
  void whatHasNoNumberFollowsTheRuleOfTheLayers() {
    Set<String> base = all(stack("encoder.layer.", 2, TEXT), Set.of("pooler.dense.weight"));
    Set<String> tuned =
        all(stack("bert.encoder.layer.", 2, TEXT), Set.of("bert.pooler.dense.weight"));

    NamePairs pairs = NamePairs.of(base, tuned, true);

    assertThat(pairs.inBase("bert.pooler.dense.weight")).isEqualTo("pooler.dense.weight");
  }

  @Test
  void whatHasNoNumberIsNotPairedByAnyOtherWord() {
    Set<String> base = all(stack("encoder.layer.", 2, TEXT), Set.of("pooler.dense.weight"));
    Set<String> tuned =
        all(stack("bert.encoder.layer.", 2, TEXT), Set.of("extra.pooler.dense.weight"));

    assertThat(NamePairs.of(base, tuned, true).inBase("extra.pooler.dense.weight"))
        .isEqualTo("extra.pooler.dense.weight");
  }

  @Test
  void wrappersBetweenTheWordsDoNotMatter() {
    Set<String> base = stack("model.layers.", 2, TEXT);
    Set<String> tuned = new TreeSet<>();
    for (String name : base) {
      tuned.add(
          "_fsdp_wrapped_module."
              + name.replaceFirst("layers\\.(\\d)\\.", "layers.$1._checkpoint_wrapped_module."));
    }

    NamePairs pairs = NamePairs.of(base, tuned, true);

    assertThat(tuned.stream().map(pairs::inBase)).containsExactlyInAnyOrderElementsOf(base);
  }

  @ParameterizedTest
  @CsvSource({
    "encoder.layers., decoder.layers.",
    "text_model.encoder.layers., vision_model.encoder.layers.",
    "model.layers., model.blocks.",
    "layers.0.blocks., layers.0.experts.",
  })
  void noWordIsTakenForAnother(String inBase, String inTuned) {
    Set<String> tuned = stack(inTuned, 2, TEXT);

    assertNothingPairs(NamePairs.of(stack(inBase, 2, TEXT), tuned, true), tuned);
    assertNothingPairs(NamePairs.of(stack(inBase, 2, TEXT), tuned, false), tuned);
  }

  @Test
  void whereTwoTowersWouldFitNoneIsTaken() {
    Set<String> base =
        all(
            stack("text_model.encoder.layers.", 2, TEXT),
            stack("vision_model.encoder.layers.", 2, TEXT));
    Set<String> tuned = stack("encoder.layers.", 2, TEXT);

    for (boolean whole : new boolean[] {true, false}) {
      NamePairs pairs = NamePairs.of(base, tuned, whole);
      assertThat(base)
          .allSatisfy(
              name ->
                  assertThatThrownBy(() -> pairs.requireClear(name, "file:/t"))
                      .isInstanceOf(UserInputException.class)
                      .hasMessageContaining("text_model.encoder.layers.")
                      .hasMessageContaining("or vision_model.encoder.layers.")
                      .hasMessageContaining(" here"));
    }
  }

  @Test
  void whereTwoTowersOfTheTunedModelWouldFitNoneIsTaken() {
    Set<String> base = stack("layers.", 2, TEXT);
    Set<String> tuned = all(stack("decoder.layers.", 2, TEXT), stack("encoder.layers.", 2, TEXT));

    NamePairs pairs = NamePairs.of(base, tuned, false);

    assertThat(base)
        .allSatisfy(
            name ->
                assertThatThrownBy(() -> pairs.requireClear(name, "file:/t"))
                    .hasMessageContaining("decoder.layers."));
  }

  /** Tower by tower the names differ but for those of the attention. */
  @Test
  void theTowerThatHasAllNamesIsTakenWhereItHasToBeThere() {
    Set<String> base = stack("layers.", 2, TEXT);
    Set<String> tuned =
        all(stack("audio_tower.layers.", 2, AUDIO), stack("language_model.layers.", 2, TEXT));

    NamePairs pairs = NamePairs.of(base, tuned, true);

    assertPairs(pairs, base, "layers.", "language_model.layers.");
  }

  @Test
  void theAdapterOfAnotherTowerIsNotThatOfThisOne() {
    Set<String> base =
        all(stack("model.layers.", 2, TEXT), stack("vision_tower.layers.", 4, AUDIO));
    Set<String> tuned = stack("model.vision_tower.layers.", 4, AUDIO);

    NamePairs pairs = NamePairs.of(base, tuned, false);

    assertPairs(
        pairs,
        stack("vision_tower.layers.", 4, AUDIO),
        "vision_tower.layers.",
        "model.vision_tower.layers.");
    assertThat(pairs.inTuned("model.layers.0.self_attn.q_proj.weight"))
        .isEqualTo("model.layers.0.self_attn.q_proj.weight");
  }

  @Test
  void layersBeyondThoseOfTheBaseBelongToNoOtherStack() {
    Set<String> base = all(stack("model.layers.", 2, TEXT), stack("model.vision.layers.", 4, TEXT));
    Set<String> tuned = stack("model.layers.", 4, TEXT);

    NamePairs pairs = NamePairs.of(base, tuned, true);

    assertThat(pairs.inBase("model.layers.3.mlp.up_proj.weight"))
        .isEqualTo("model.layers.3.mlp.up_proj.weight");
    assertThat(pairs.notes()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void manyStacksOfOneKindAreNotComparedWithEachOther(boolean whole) {
    Set<String> base = new TreeSet<>();
    Set<String> tuned = new TreeSet<>();
    for (int i = 0; i < 20_000; i++) {
      base.add("a%d.layers.0.w.weight".formatted(i));
      tuned.add("b%d.layers.0.w.weight".formatted(i));
    }
    List<String> notes = new ArrayList<>(NamePairs.of(base, tuned, whole).notes());

    assertThat(notes).isEmpty();
  }

  @Test
  void aModuleWithUpdatesFollowsItsStack() {
    NamePairs pairs =
        NamePairs.of(
            stack("model.layers.", 2, TEXT), stack("model.language_model.layers.", 2, TEXT), false);

    assertThat(pairs.moduleInBase("model.language_model.layers.1.mlp.experts"))
        .isEqualTo("model.layers.1.mlp.experts");
    assertThat(pairs.moduleInBase("visual.blocks.1.mlp")).isEqualTo("visual.blocks.1.mlp");
  }
}
