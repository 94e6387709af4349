package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.ExpertLora;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of each tensor of an input: a row, a reject, or a kind that is left out. */
class LeftOutTest {
  private static final String Q = "model.layers.0.self_attn.q_proj.weight";
  private static final String V = "model.layers.0.self_attn.v_proj.weight";
  private static final String PEFT = "base_model.model.";

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());

  // ---- how inputs are made

  /** Names with their shapes. */
  private static Map<String, List<Integer>> tensors(Object... namesAndShapes) {
    Map<String, List<Integer>> tensors = new LinkedHashMap<>();
    for (int i = 0; i < namesAndShapes.length; i += 2) {
      List<Integer> shape = new ArrayList<>();
      for (String size : ((String) namesAndShapes[i + 1]).split("x", -1)) {
        shape.add(Integer.valueOf(size));
      }
      tensors.put((String) namesAndShapes[i], shape);
    }
    return tensors;
  }

  @SafeVarargs
  private static Map<String, List<Integer>> all(Map<String, List<Integer>>... parts) {
    Map<String, List<Integer>> all = new LinkedHashMap<>();
    for (Map<String, List<Integer>> part : parts) {
      all.putAll(part);
    }
    return all;
  }

  private static Map<String, List<Integer>> model() {
    return tensors(
        Q, "4x6", V, "6x6", "model.norm.weight", "6", "model.embed_tokens.weight", "9x6");
  }

  private String write(String name, String file, Map<String, List<Integer>> tensors)
      throws IOException {
    SafetensorsFile out = new SafetensorsFile();
    tensors.forEach(
        (tensor, shape) ->
            out.addFloats(tensor, shape, new float[shape.stream().reduce(1, Math::multiplyExact)]));
    out.write(folder.resolve(name).resolve(file));
    return storage.qualify(folder.resolve(name).toString());
  }

  private String checkpoint(String name, Map<String, List<Integer>> tensors) throws IOException {
    return write(name, "model.safetensors", tensors);
  }

  private String adapter(String name, String settings, Map<String, List<Integer>> tensors)
      throws IOException {
    String uri = write(name, "adapter_model.safetensors", tensors);
    Files.writeString(
        folder.resolve(name).resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4%s}".formatted(settings));
    return uri;
  }

  private static Map<String, List<Integer>> lora(String weight, int outputs, int inputs) {
    String module = PEFT + weight.substring(0, weight.length() - ".weight".length());
    return tensors(
        module + ".lora_A.weight", "2x" + inputs, module + ".lora_B.weight", outputs + "x2");
  }

  private BasePlan base(Map<String, List<Integer>> tensors) throws IOException {
    return base(tensors, null);
  }

  private BasePlan base(Map<String, List<Integer>> tensors, String include) throws IOException {
    return BasePlan.of(
        storage, "b", checkpoint("base", tensors), MatrixSelection.of(include, null));
  }

  private CheckpointPlan plan(BasePlan base, String source) throws IOException {
    return plan(base, source, new TreeMap<>());
  }

  private CheckpointPlan plan(BasePlan base, String source, Map<String, LeftOut> leftOut)
      throws IOException {
    return new Planner(storage, base)
        .plan(new CheckpointSpec("t", List.of(source), null, null, null, Map.of()), leftOut);
  }

  private static List<String> names(CheckpointPlan plan) {
    return plan.matrices().stream().map(matrix -> matrix.base().name()).toList();
  }

  private static List<RejectCode> codes(CheckpointPlan plan) {
    return plan.rejections().stream().map(Rejection::code).toList();
  }

  // ---- heads

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pre_classifier.weight",
        "vocab_transform.weight",
        "model.pooler.dense.weight",
        "pooler.dense.weight",
        "v_head.summary.weight",
        "score.weight",
        "score.dense.weight",
        "classifier.0.weight",
        "qa_outputs.weight",
        "head.weight",
        "emb.weight",
        "output_layer.weight",
        "reward_head.weight",
        "project_hid.weight",
        "a_head_of_tomorrow.weight",
      })
  void aHeadThatOneSideHasIsNoReject(String head) throws IOException {
    Map<String, List<Integer>> with = all(model(), tensors(head, "5x6"));

    CheckpointPlan here = plan(base(model()), checkpoint("tuned", with));
    CheckpointPlan inBase = plan(base(with), checkpoint("tuned", model()));

    for (CheckpointPlan plan : List.of(here, inBase)) {
      assertThat(plan.rejections()).isEmpty();
      assertThat(names(plan)).containsExactly(Q, V);
      if (!plan.notes().isEmpty()) {
        assertThat(plan.notes()).singleElement().asString().contains(head);
      }
    }
  }

  @Test
  void whichHeadsOnlyOneSideHasIsTold() throws IOException {
    CheckpointPlan plan =
        plan(
            base(all(model(), tensors("pooler.dense.weight", "6x6"))),
            checkpoint("tuned", all(model(), tensors("reward.out.weight", "1x6"))));

    assertThat(plan.notes())
        .containsExactly(
            "left out, as heads that only the base has: pooler.dense.weight",
            "left out, as heads that only this has: reward.out.weight");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.layers.1.self_attn.q_proj.weight",
        "visual.blocks.0.mlp.fc1.weight",
        "multi_modal_projector.linear_1.weight",
        "model.connector.proj.weight",
        "mtp.layers.0.proj.weight",
      })
  void whatIsNoHeadIsARejectWhereOneSideLacksIt(String name) throws IOException {
    Map<String, List<Integer>> with = all(model(), tensors(name, "5x6"));

    assertThat(codes(plan(base(model()), checkpoint("tuned", with))))
        .containsExactly(RejectCode.MISSING_IN_BASE);
    assertThat(codes(plan(base(with), checkpoint("tuned", model()))))
        .containsExactly(RejectCode.MISSING_IN_TUNED);
  }

  @Test
  void aHeadThatWasAskedForIsAReject() throws IOException {
    BasePlan base = base(all(model(), tensors("pooler.dense.weight", "6x6")), "q_proj|pooler");

    assertThat(codes(plan(base, checkpoint("tuned", model()))))
        .containsExactly(RejectCode.MISSING_IN_TUNED);
  }

  @Test
  void aPoolerThatBothSidesHaveIsAnalysed() throws IOException {
    Map<String, List<Integer>> both = all(model(), tensors("pooler.dense.weight", "6x6"));

    assertThat(names(plan(base(both), checkpoint("tuned", both)))).contains("pooler.dense.weight");
  }

  @ParameterizedTest
  @CsvSource({
    "words.table.weight, 77x6, '\"vocab_size\": 77'",
    "words.table.weight, 77x6, '\"padded_vocab_size\": 77'",
    "words.table.weight, 77x6, '\"text_config\": {\"vocab_size\": 77}'",
    "to_words.weight, 9x6, ''", // as many as the token embedding has rows
  })
  void aMatrixOutsideTheLayersWithTheVocabularyOnOneSideIsLeftOut(
      String name, String shape, String config) throws IOException {
    Files.createDirectories(folder.resolve("base"));
    Files.writeString(folder.resolve("base/config.json"), "{%s}".formatted(config));

    BasePlan base = base(all(model(), tensors(name, shape)));

    assertThat(base.matrices()).containsOnlyKeys(Q, V);
    assertThat(base.leftOut().get(name).kind()).isEqualTo(LeftOut.EMBEDDING_OR_HEAD);
  }

  @Test
  void aMatrixOfALayerIsAnalysedWhateverTheVocabulary() throws IOException {
    Files.createDirectories(folder.resolve("base"));
    Files.writeString(folder.resolve("base/config.json"), "{\"vocab_size\": 4}");

    assertThat(base(model()).matrices()).containsOnlyKeys(Q, V);
  }

  @Test
  void aNewHeadThatAnAdapterSavedIsNoReject() throws IOException {
    String adapter =
        adapter(
            "a",
            ", \"modules_to_save\": [\"pre_classifier\", \"summary\"]",
            all(
                lora(Q, 4, 6),
                tensors(
                    PEFT + "pre_classifier.weight", "6x6", PEFT + "summary.out.weight", "1x6")));

    CheckpointPlan plan = plan(base(model()), adapter);

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(Q);
  }

  // ---- state dicts of whole PeftModels

  @ParameterizedTest
  @ValueSource(
      strings = {
        "q_proj.base_layer.weight",
        "q_proj.lora_A.default.weight",
        "q_proj.lora_A.weight",
        "q_proj.lora_magnitude_vector.default.weight",
        "q_proj.ia3_l.default",
        "q_proj.hada_w1_a.default",
        "q_proj.lokr_w1.default",
        "q_proj.oft_R.default.weight",
        "q_proj.vera_lambda_b.default",
        "q_proj.fourierft_spectrum.default",
        "embed.token_adapter.trainable_tokens_delta",
        "score.modules_to_save.default.weight",
        "score.original_module.weight",
        "norm.ln_tuning_layers.default.weight",
      })
  void theStateDictOfAPeftModelIsRefusedByName(String part) throws IOException {
    String name = PEFT + "model.layers.0.self_attn." + part;
    Map<String, List<Integer>> dump = new LinkedHashMap<>(tensors(name, "6x6"));
    model().forEach((tensor, shape) -> dump.put(PEFT + tensor, shape));

    CheckpointPlan plan = plan(base(model()), checkpoint("tuned", dump));

    assertThat(plan.matrices()).isEmpty();
    assertThat(plan.rejections())
        .containsExactly(
            new Rejection(
                "t",
                name,
                storage.qualify(folder.resolve("tuned/model.safetensors").toString()),
                RejectCode.ADAPTER_UNSUPPORTED,
                "[%s/model.safetensors] Tensor %s: the state dict of a whole PeftModel, whose adapter is not merged and whose scale (lora_alpha) is not in the file; save the adapter with save_pretrained and name its folder, or merge it (merge_and_unload, save_pretrained) and name the merged checkpoint"
                    .formatted(storage.qualify(folder.resolve("tuned").toString()), name)));
  }

  @Test
  void aWholeCheckpointWithPartsOfAnAdapterBesideIsRefused() throws IOException {
    Map<String, List<Integer>> both =
        all(model(), tensors("model.layers.0.self_attn.q_proj.lora_B.weight", "4x2"));

    assertThat(codes(plan(base(model()), checkpoint("tuned", both))))
        .containsExactly(RejectCode.ADAPTER_UNSUPPORTED);
  }

  @Test
  void theDumpOfTrainedPromptsIsRefusedByName() throws IOException {
    Map<String, List<Integer>> dump =
        all(model(), tensors("prompt_encoder.default.embedding.weight", "8x6"));

    CheckpointPlan plan = plan(base(model()), checkpoint("tuned", dump));

    assertThat(plan.rejections())
        .singleElement()
        .satisfies(
            rejection ->
                assertThat(rejection.message())
                    .contains("trained prompts, which change no weight of the base"));
  }

  @Test
  void partsThatTheModelHasOfItsOwnAreItsMatrices() throws IOException {
    Map<String, List<Integer>> own =
        tensors(
            "model.layers.0.qkv_proj.base_layer.weight", "6x6",
            "model.layers.0.qkv_proj.lora_A.vision.weight", "2x6");

    CheckpointPlan plan = plan(base(own), checkpoint("tuned", own));

    assertThat(plan.rejections()).isEmpty();
    assertThat(plan.matrices()).hasSize(2);
  }

  @Test
  void aBaseWithAnAdapterInItIsRefused() throws IOException {
    Map<String, List<Integer>> dump = all(model(), lora(Q, 4, 6));

    UserInputException fault = catchThrowableOfType(UserInputException.class, () -> base(dump));

    assertThat(fault.code()).isEqualTo(RejectCode.ADAPTER_UNSUPPORTED);
    assertThat(fault).hasMessageContaining("the state dict of a whole PeftModel");
  }

  @Test
  void aCheckpointWithNoneOfTheNamesIsToldOnce() throws IOException {
    CheckpointPlan plan =
        plan(
            base(model()),
            checkpoint("tuned", tensors("a.0.w.weight", "4x6", "a.1.w.weight", "6x6")));

    assertThat(plan.matrices()).isEmpty();
    assertThat(plan.rejections())
        .singleElement()
        .satisfies(
            rejection -> {
              assertThat(rejection.code()).isEqualTo(RejectCode.MISSING_IN_TUNED);
              assertThat(rejection.matrix()).isNull();
              assertThat(rejection.message())
                  .endsWith(
                      "None of the 2 matrices of the base is in this checkpoint; the base has %s, this a.0.w.weight; was it tuned from this base?"
                          .formatted(Q));
            });
  }

  // ---- updates of what is no matrix

  @ParameterizedTest
  @CsvSource({"6x3x2x2, F32 6x3x2x2", "6, F32 6", "6x3x2, F32 6x3x2"})
  void anUpdateOfWhatIsNoMatrixIsAReject(String shape, String described) throws IOException {
    String conv = "model.layers.0.conv.weight";
    BasePlan base = base(all(model(), tensors(conv, shape)));

    CheckpointPlan plan = plan(base, adapter("a", "", all(lora(Q, 4, 6), lora(conv, 6, 12))));

    assertThat(names(plan)).containsExactly(Q);
    assertThat(plan.rejections())
        .singleElement()
        .satisfies(
            rejection -> {
              assertThat(rejection.code()).isEqualTo(RejectCode.SHAPE_MISMATCH);
              assertThat(rejection.matrix()).isEqualTo(conv);
              assertThat(rejection.message())
                  .contains(
                      "changes %s, which is %s in the base".formatted(conv, described),
                      "expected a matrix");
            });
  }

  // ---- fields that matter only where they act

  @Test
  void tiedWeightsMatterOnlyWhereTheAdapterTouchesOne() throws IOException {
    BasePlan base = base(model());
    String tied = ", \"ensure_weight_tying\": true, \"merge_weights\": true";
    Map<String, List<Integer>> embedding =
        tensors(
            PEFT + "model.embed_tokens.lora_embedding_A", "2x9",
            PEFT + "model.embed_tokens.lora_embedding_B", "6x2");

    CheckpointPlan inLayers = plan(base, adapter("a", tied, lora(Q, 4, 6)));
    CheckpointPlan leftOut = plan(base, adapter("b", tied, all(lora(Q, 4, 6), embedding)));
    CheckpointPlan askedFor =
        plan(base(model(), "q_proj|embed"), adapter("c", tied, all(lora(Q, 4, 6), embedding)));

    assertThat(inLayers.rejections()).isEmpty();
    assertThat(leftOut.rejections()).isEmpty();
    for (CheckpointPlan plan : List.of(inLayers, leftOut, askedFor)) {
      assertThat(names(plan)).containsExactly(Q);
    }
    assertThat(askedFor.rejections())
        .singleElement()
        .satisfies(
            rejection -> {
              assertThat(rejection.matrix()).isEqualTo("model.embed_tokens.weight");
              assertThat(rejection.message()).contains("with ensure_weight_tying the update");
            });
  }

  // ---- experts

  /** What PEFT makes of {@code target_modules=["gate_proj", "up_proj", "down_proj"]}. */
  @Test
  void rankAndScaleOfAnExpertsUpdateGoByTheParametersName() throws IOException {
    String experts = "model.layers.0.mlp.experts";
    Map<String, List<Integer>> stored = all(model());
    for (int e = 0; e < 2; e++) {
      stored.putAll(
          tensors(
              "%s.%d.gate_proj.weight".formatted(experts, e), "5x6",
              "%s.%d.up_proj.weight".formatted(experts, e), "5x6",
              "%s.%d.down_proj.weight".formatted(experts, e), "6x5"));
    }
    String module = PEFT + experts.replace("model.layers", "model.language_model.layers");
    Map<String, List<Integer>> tensors =
        all(
            tensors(
                module + ".base_layer.lora_A.weight", "8x6",
                module + ".base_layer.lora_B.weight", "10x8",
                module + ".lora_A.weight", "4x5",
                module + ".lora_B.weight", "6x4"),
            lora(Q.replace("model.layers", "model.language_model.layers"), 4, 6),
            lora("model.language_model.layers.0.mlp.shared_expert.down_proj.weight", 6, 6));
    stored.put("model.layers.0.mlp.shared_expert.down_proj.weight", List.of(6, 6));
    String settings =
        ", \"target_parameters\": [\"gate_up_proj\", \"down_proj\"],"
            + " \"rank_pattern\": {\".*\\\\.gate_up_proj\": 4},"
            + " \"alpha_pattern\": {\".*\\\\.gate_up_proj\": 16}";

    CheckpointPlan plan = plan(base(stored), adapter("a", settings, tensors));

    assertThat(plan.rejections()).isEmpty();
    assertThat(plan.matrices()).hasSize(2 * 3 + 2);
    for (MatrixPlan matrix : plan.matrices()) {
      if (matrix.update().adapters().get(0) instanceof ExpertLora update) {
        boolean down = matrix.base().name().contains("down_proj");
        assertThat(update.rank()).isEqualTo(down ? 2 : 4);
        assertThat(update.parameter().scale()).isEqualTo(down ? 2 : 4);
        assertThat(update.parameter().experts()).isEqualTo(2);
      }
    }
  }

  @Test
  void aTensorOfFourDimensionsInThePlaceOfAMatrixIsAReject() throws IOException {
    Map<String, List<Integer>> tuned = all(model(), tensors(V, "6x3x2x2"));

    CheckpointPlan plan = plan(base(model()), checkpoint("tuned", tuned));

    assertThat(names(plan)).containsExactly(Q);
    assertThat(codes(plan)).containsExactly(RejectCode.SHAPE_MISMATCH);
  }

  // ---- what an adapter was trained on

  @Test
  void whatAnAdapterWasTrainedOnIsToldAndWarnedOf() throws IOException {
    Files.createDirectories(folder.resolve("base"));
    Files.writeString(
        folder.resolve("base/config.json"), "{\"_name_or_path\": \"meta-llama/Llama-3.1-8B\"}");
    BasePlan base = base(model());
    String field = ", \"base_model_name_or_path\": \"%s\"";

    CheckpointPlan same =
        plan(base, adapter("a", field.formatted("/hub/Llama-3.1-8B"), lora(Q, 4, 6)));
    CheckpointPlan other = plan(base, adapter("o", field.formatted("x/gpt2"), lora(Q, 4, 6)));

    assertThat(same.notes()).containsExactly("trained on /hub/Llama-3.1-8B, by its config");
    assertThat(other.notes())
        .containsExactly(
            "warning: trained on x/gpt2, by its config; the base here is b at " + base.uri());
    assertThat(other.rejections()).isEmpty();
  }

  // ---- the account

  /** Many made-up inputs, each tensor of which must be found again in what the plan says. */
  @Test
  void everyTensorEndsAsARowARejectOrAKindThatIsLeftOut() throws IOException {
    List<String> modules =
        List.of(
            "model.layers.0.self_attn.q_proj",
            "model.layers.0.mlp.up_proj",
            "model.layers.1.conv",
            "model.layers.1.norm",
            "model.layers.1.mlp.experts.0.up_proj",
            "model.embed_tokens",
            "lm_head",
            "score",
            "pooler.dense",
            "model.rotary",
            "encoder.layer.0.query",
            "visual.merger",
            "emb",
            "v_head.summary");
    List<String> shapes = List.of("4x6", "6x6", "6", "6x3x2x2", "3x4x6", "9x6");
    List<String> ends = List.of(".weight", ".weight", ".weight", ".bias", ".scale");
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Map<String, List<Integer>> base = all(model());
      Map<String, List<Integer>> tuned = new LinkedHashMap<>();
      Map<String, List<Integer>> adapted = new LinkedHashMap<>();
      for (String module : modules) {
        String shape = shapes.get(random.nextInt(shapes.size()));
        String name = module + ends.get(random.nextInt(ends.size()));
        if (random.nextInt(4) > 0) {
          base.put(name, tensors(name, shape).get(name));
        }
        if (random.nextInt(4) > 0) {
          String other = random.nextInt(5) > 0 ? shape : shapes.get(random.nextInt(shapes.size()));
          tuned.put(name, tensors(name, other).get(name));
        }
        int how = random.nextInt(5);
        if (how < 2) {
          adapted.putAll(lora(module + ".weight", 6, random.nextInt(4) > 0 ? 6 : 5));
        } else if (how == 2) {
          adapted.put(PEFT + name, tensors(name, shape).get(name));
        } else if (how == 3) {
          adapted.put(PEFT + module + ".lora_Z.weight", List.of(2, 2));
        }
      }
      tuned.put(Q, List.of(4, 6));
      adapted.putAll(lora(Q, 4, 6));
      BasePlan plan = base(base);
      assertEveryTensorIsAccountedFor(plan, checkpoint("tuned" + seed, tuned), seed);
      assertEveryTensorIsAccountedFor(plan, adapter("a" + seed, "", adapted), seed);
    }
  }

  @Test
  void everyTensorOfTheFixturesIsAccountedFor() throws IOException {
    Path llama = Path.of("src/test/resources/fixtures/peft/llama");
    BasePlan base =
        BasePlan.of(storage, "b", llama.resolve("base").toString(), MatrixSelection.of(null, null));
    int adapters = 0;
    List<Path> kinds;
    try (Stream<Path> folders = Files.list(llama)) {
      kinds = folders.sorted().toList();
    }
    for (Path kind : kinds) {
      if (Files.exists(kind.resolve("adapter_model.safetensors"))) {
        assertEveryTensorIsAccountedFor(base, storage.qualify(kind.toString()), adapters++);
      }
    }
    assertThat(adapters).isGreaterThan(20);
  }

  private void assertEveryTensorIsAccountedFor(BasePlan base, String source, int seed)
      throws IOException {
    Map<String, LeftOut> leftOut = new TreeMap<>();
    CheckpointPlan plan = plan(base, source, leftOut);
    boolean wholeRejected = plan.rejections().stream().anyMatch(r -> r.matrix() == null);
    if (wholeRejected) {
      return;
    }
    Set<String> inRows = new TreeSet<>();
    for (MatrixPlan matrix : plan.matrices()) {
      for (AdapterUpdate update : matrix.update().adapters()) {
        update.sources().forEach(part -> inRows.add(part.matrix().replaceFirst("\\[.*", "")));
      }
      if (matrix.update() instanceof UpdateSource.Full full) {
        inRows.add(full.tuned().matrix().replaceFirst("\\[.*", ""));
      }
    }
    for (String tensor : names(source)) {
      boolean rejected = plan.rejections().stream().anyMatch(r -> concerns(r, tensor));
      assertThat(inRows.contains(tensor) || rejected || leftOut.containsKey(tensor))
          .as("%s of %s, seed %d: %s %s", tensor, source, seed, plan.rejections(), leftOut)
          .isTrue();
      assertThat(inRows.contains(tensor) && leftOut.containsKey(tensor))
          .as("%s of %s is analysed or left out", tensor, source)
          .isFalse();
    }
  }

  private Set<String> names(String source) throws IOException {
    Set<String> names = new TreeSet<>();
    if (Adapter.isAdapter(storage, source)) {
      Adapter.open(storage, source).tensors().forEach(tensor -> names.add(tensor.name()));
    } else {
      names.addAll(Checkpoint.open(storage, source).tensors().keySet());
    }
    return names;
  }

  /** A reject names the tensor, or the module of which the tensor is a part. */
  private static boolean concerns(Rejection rejection, String tensor) {
    String matrix = rejection.matrix();
    String module = matrix.replaceFirst("\\.[^.]+$", "");
    return matrix.equals(tensor)
        || rejection.message().contains(tensor + ":")
        || tensor.startsWith(PEFT + module + ".");
  }
}
