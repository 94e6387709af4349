package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlannerTest {
  private static final String Q = "model.layers.0.q_proj.weight";
  private static final String V = "model.layers.0.v_proj.weight";
  private static final String EXPERTS = "model.layers.0.mlp.experts.up_proj";
  private static final String EMBEDDING = "model.embed_tokens.weight";

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());

  // ---- how inputs are made

  /** A tensor of zeros, such as {@code q 4x6}. */
  private static SafetensorsFile zeros(SafetensorsFile file, String name, Integer... shape) {
    int elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    return file.addFloats(name, List.of(shape), new float[elements]);
  }

  /** What the base holds: q 4x6, v 6x6, embedding 8x6, norm 6. */
  private static SafetensorsFile ordinary() {
    return attention(6);
  }

  private static SafetensorsFile attention(int inputsOfV) {
    SafetensorsFile file = zeros(new SafetensorsFile(), EMBEDDING, 8, 6);
    zeros(file, "model.norm.weight", 6);
    zeros(file, Q, 4, 6);
    return zeros(file, V, 6, inputsOfV);
  }

  private String write(String name, SafetensorsFile file) throws IOException {
    file.write(folder.resolve(name).resolve("model.safetensors"));
    return uri(name);
  }

  private String uri(String name) {
    return storage.qualify(folder.resolve(name).toString());
  }

  /** An adapter of rank 2 for these modules, each with its numbers of outputs and inputs. */
  private String writeAdapter(String name, Map<String, int[]> modules) throws IOException {
    SafetensorsFile file = new SafetensorsFile();
    for (Map.Entry<String, int[]> module : modules.entrySet()) {
      String prefix = "base_model.model." + module.getKey();
      zeros(file, prefix + ".lora_A.weight", 2, module.getValue()[1]);
      zeros(file, prefix + ".lora_B.weight", module.getValue()[0], 2);
    }
    file.write(folder.resolve(name).resolve("adapter_model.safetensors"));
    Files.writeString(
        folder.resolve(name).resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"]}");
    return uri(name);
  }

  private BasePlan base(SafetensorsFile file) throws IOException {
    return BasePlan.of(storage, "b", write("base", file), MatrixSelection.of(null, null));
  }

  private CheckpointPlan plan(BasePlan base, String... sources) throws IOException {
    return new Planner(storage, base)
        .plan(new CheckpointSpec("t", List.of(sources), null, null, null, Map.of()));
  }

  private static List<String> names(CheckpointPlan plan) {
    return plan.matrices().stream().map(matrix -> matrix.base().name()).toList();
  }

  private static void assertOnlyRejection(
      CheckpointPlan plan, RejectCode code, String matrix, String file, String message) {
    assertThat(plan.rejections())
        .containsExactly(
            new Rejection("t", matrix, file, code, "[%s] %s".formatted(file, message)));
  }

  private static Path fixtures() {
    try {
      return Path.of(
          Objects.requireNonNull(PlannerTest.class.getResource("/fixtures/peft")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private BasePlan fixtureBase(String name) throws IOException {
    return BasePlan.of(
        storage, "b", fixtures().resolve(name).toString(), MatrixSelection.of(null, null));
  }

  // ---- the base

  @Test
  void theBaseKnowsAllItsTensorsAndTheSelectedMatrices() throws IOException {
    BasePlan base = base(ordinary());

    assertThat(base.matrices()).containsOnlyKeys(Q, V);
    assertThat(base.tensors()).containsExactly(EMBEDDING, Q, V, "model.norm.weight");
    assertThat(base.rejections()).isEmpty();
    assertThat(base.identity(base.matrices().get(Q)))
        .isEqualTo(storage.status(uri("base") + "/model.safetensors").identity());
  }

  @Test
  void aBaseInWhichNothingIsSelectedIsRefused() throws IOException {
    String uri = write("base", zeros(new SafetensorsFile(), EMBEDDING, 8, 6));

    UserInputException fault =
        catchThrowableOfType(
            UserInputException.class,
            () -> BasePlan.of(storage, "b", uri, MatrixSelection.of(null, null)));

    assertThat(fault.code()).isEqualTo(RejectCode.NOTHING_TO_ANALYSE);
    assertThat(fault)
        .hasMessage("[%s] None of its 1 tensors is selected for analysis".formatted(uri));
  }

  @Test
  void packedAndUnreadableTensorsOfTheBaseAreRejectedAndTheRestIsAnalysed() throws IOException {
    SafetensorsFile file = ordinary();
    file.add("model.layers.1.q_proj.qweight", "I32", List.of(2, 2), new byte[16]);
    file.add("model.layers.2.q_proj.weight", "F8_E4M3FNUZ", List.of(2, 2), new byte[4]);
    BasePlan base = base(file);
    String uri = uri("base") + "/model.safetensors";

    assertThat(base.matrices()).containsOnlyKeys(Q, V);
    assertThat(base.rejections())
        .containsExactly(
            new Rejection(
                "b",
                "model.layers.1.q_proj.qweight",
                uri,
                RejectCode.DTYPE_UNSUPPORTED,
                "[%s] Tensor model.layers.1.q_proj.qweight: holds packed quantised weights (I32);"
                        .formatted(uri)
                    + " dequantise the checkpoint to BF16 first"),
            new Rejection(
                "b",
                "model.layers.2.q_proj.weight",
                uri,
                RejectCode.DTYPE_UNSUPPORTED,
                "[%s] Tensor model.layers.2.q_proj.weight: expected F64, F32, F16 or BF16, found"
                        .formatted(uri)
                    + " F8_E4M3FNUZ; convert the checkpoint to one of these first"));
  }

  // ---- whole checkpoints

  @Test
  void aWholeCheckpointIsPairedByName() throws IOException {
    CheckpointPlan plan = plan(base(ordinary()), write("tuned", ordinary()));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(Q, V);
    MatrixPlan q = plan.matrices().get(0);
    assertThat(q.checkpointId()).isEqualTo("t");
    assertThat(q.update()).isInstanceOf(UpdateSource.Full.class);
    assertThat(((UpdateSource.Full) q.update()).tuned().file())
        .isEqualTo(uri("tuned") + "/model.safetensors");
    assertThat(q.update().adapters()).isEmpty();
    assertThat(q.updateBytes()).isEqualTo(4 * 6 * Float.BYTES);
    assertThat(q.inputs()).hasSize(64).isNotEqualTo(plan.matrices().get(1).inputs());
  }

  @Test
  void anotherShapeIsRejectedAndTheRestIsAnalysed() throws IOException {
    CheckpointPlan plan = plan(base(ordinary()), write("tuned", attention(5)));

    assertThat(names(plan)).containsExactly(Q);
    assertOnlyRejection(
        plan,
        RejectCode.SHAPE_MISMATCH,
        V,
        uri("tuned") + "/model.safetensors",
        "Tensor %s: expected the base's shape 6x6, found 6x5".formatted(V));
  }

  @Test
  void anotherShapeOfWhatIsNotSelectedDoesNotMatter() throws IOException {
    SafetensorsFile resized = zeros(new SafetensorsFile(), EMBEDDING, 9, 6);
    zeros(resized, Q, 4, 6);
    zeros(resized, V, 6, 6);

    CheckpointPlan plan = plan(base(ordinary()), write("tuned", resized));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(Q, V);
  }

  @Test
  void aMatrixThatOnlyTheBaseHasIsRejected() throws IOException {
    CheckpointPlan plan =
        plan(base(ordinary()), write("tuned", zeros(new SafetensorsFile(), Q, 4, 6)));

    assertThat(names(plan)).containsExactly(Q);
    assertOnlyRejection(
        plan,
        RejectCode.MISSING_IN_TUNED,
        V,
        uri("tuned"),
        "Tensor %s is in the base and not in this checkpoint".formatted(V));
  }

  @Test
  void aMatrixThatOnlyTheTunedCheckpointHasIsRejectedIfItWouldBeSelected() throws IOException {
    SafetensorsFile more = ordinary();
    zeros(more, "model.layers.1.q_proj.weight", 4, 6);
    zeros(more, "score.weight", 2, 6);
    zeros(more, "model.layers.1.norm.weight", 6);

    CheckpointPlan plan = plan(base(ordinary()), write("tuned", more));

    assertThat(names(plan)).containsExactly(Q, V);
    assertOnlyRejection(
        plan,
        RejectCode.MISSING_IN_BASE,
        "model.layers.1.q_proj.weight",
        uri("tuned") + "/model.safetensors",
        "Tensor model.layers.1.q_proj.weight: is not in the base %s".formatted(uri("base")));
  }

  @Test
  void aTunedTensorThatCanNotBeReadIsRejected() throws IOException {
    SafetensorsFile file = zeros(new SafetensorsFile(), Q, 4, 6);
    file.add(V, "I8", List.of(6, 6), new byte[36]);

    CheckpointPlan plan = plan(base(ordinary()), write("tuned", file));

    assertThat(names(plan)).containsExactly(Q);
    assertOnlyRejection(
        plan,
        RejectCode.DTYPE_UNSUPPORTED,
        V,
        uri("tuned") + "/model.safetensors",
        "Tensor %s: expected F64, F32, F16 or BF16, found I8;".formatted(V)
            + " convert the checkpoint to one of these first");
  }

  @Test
  void theBaseIsNoTunedCheckpoint() throws IOException {
    BasePlan base = base(ordinary());

    CheckpointPlan plan = plan(base, folder + "/base/");

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.SAME_AS_BASE,
        null,
        folder + "/base/",
        "This is the base itself; expected a checkpoint that was tuned from it");
  }

  @Test
  void aCheckpointThatIsNotThereIsRejectedAsAWhole() throws IOException {
    CheckpointPlan plan = plan(base(ordinary()), uri("nowhere"));

    assertThat(plan.matrices()).isEmpty();
    assertThat(plan.rejections()).hasSize(1);
    Rejection rejection = plan.rejections().get(0);
    assertThat(rejection.code()).isEqualTo(RejectCode.NOT_FOUND);
    assertThat(rejection.matrix()).isNull();
    assertThat(rejection.file()).isEqualTo(uri("nowhere"));
  }

  @Test
  void theSlicesOfStackedExpertsArePairedOneByOne() throws IOException {
    BasePlan base = base(zeros(ordinary(), EXPERTS, 3, 4, 5));
    CheckpointPlan plan = plan(base, write("tuned", zeros(ordinary(), EXPERTS, 3, 4, 5)));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan))
        .containsExactly(EXPERTS + "[0]", EXPERTS + "[1]", EXPERTS + "[2]", Q, V);
  }

  @Test
  void stackedExpertsOfAnotherShapeOrInGreaterNumberAreRejectedOnce() throws IOException {
    BasePlan base = base(zeros(ordinary(), EXPERTS, 3, 4, 5));

    for (Integer[] shape : List.of(new Integer[] {3, 5, 4}, new Integer[] {4, 4, 5})) {
      CheckpointPlan plan = plan(base, write("tuned", zeros(ordinary(), EXPERTS, shape)));

      assertThat(names(plan)).containsExactly(Q, V);
      assertThat(plan.rejections()).extracting(Rejection::matrix).containsExactly(EXPERTS);
      assertThat(plan.rejections())
          .extracting(Rejection::code)
          .containsExactly(RejectCode.SHAPE_MISMATCH);
    }
  }

  @Test
  void fewerStackedExpertsLeaveTheOthersRejected() throws IOException {
    BasePlan base = base(zeros(ordinary(), EXPERTS, 3, 4, 5));
    CheckpointPlan plan = plan(base, write("tuned", zeros(ordinary(), EXPERTS, 2, 4, 5)));

    assertThat(names(plan)).doesNotContain(EXPERTS + "[2]").contains(Q, V);
    assertThat(plan.rejections()).hasSize(1);
  }

  @Test
  void theHashOfTheInputsFollowsTheFiles() throws IOException {
    BasePlan base = base(ordinary());
    String tuned = write("tuned", ordinary());
    String before = plan(base, tuned).matrices().get(0).inputs();

    assertThat(plan(base, tuned).matrices().get(0).inputs()).isEqualTo(before);
    write("tuned", zeros(ordinary(), "score.weight", 2, 6));
    assertThat(plan(base, tuned).matrices().get(0).inputs()).isNotEqualTo(before);
  }

  // ---- adapters

  @Test
  void anAdapterChangesItsModulesOnly() throws IOException {
    BasePlan base = base(ordinary());
    String adapter = writeAdapter("a", Map.of("model.layers.0.q_proj", new int[] {4, 6}));

    CheckpointPlan plan = plan(base, adapter);

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(Q);
    assertThat(plan.matrices().get(0).update()).isInstanceOf(UpdateSource.LowRank.class);
    assertThat(plan.matrices().get(0).updateBytes()).isEqualTo(2 * (4 + 6) * Float.BYTES);
  }

  @Test
  void anUpdateOfAnotherShapeIsRejected() throws IOException {
    BasePlan base = base(ordinary());
    String adapter = writeAdapter("a", Map.of("model.layers.0.q_proj", new int[] {6, 4}));

    CheckpointPlan plan = plan(base, adapter);

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.SHAPE_MISMATCH,
        Q,
        adapter + "/adapter_model.safetensors",
        "Tensor base_model.model.model.layers.0.q_proj.lora_B.weight: expected an update of the"
            + " base's shape 4x6, found B 6x2 and A 2x4");
  }

  @Test
  void anUpdateOfAWeightThatTheBaseLacksIsRejected() throws IOException {
    BasePlan base = base(ordinary());
    String adapter =
        writeAdapter(
            "a",
            Map.of(
                "model.layers.0.q_proj", new int[] {4, 6},
                "model.layers.9.q_proj", new int[] {4, 6}));

    CheckpointPlan plan = plan(base, adapter);

    assertThat(names(plan)).containsExactly(Q);
    assertOnlyRejection(
        plan,
        RejectCode.MISSING_IN_BASE,
        "model.layers.9.q_proj.weight",
        adapter + "/adapter_model.safetensors",
        "Tensor base_model.model.model.layers.9.q_proj.lora_A.weight: its weight"
            + " model.layers.9.q_proj.weight is not in the base %s".formatted(uri("base")));
  }

  @Test
  void anUpdateOfWhatTheSelectionLeavesOutIsLeftOutInSilence() throws IOException {
    BasePlan base =
        BasePlan.of(storage, "b", write("base", ordinary()), MatrixSelection.of(null, "v_proj"));
    String adapter =
        writeAdapter(
            "a",
            Map.of(
                "model.layers.0.q_proj", new int[] {4, 6},
                "model.layers.0.v_proj", new int[] {6, 6}));

    CheckpointPlan plan = plan(base, adapter);

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(Q);
  }

  @Test
  void anAdapterThatChangesNothingSelectedIsTold() throws IOException {
    BasePlan base =
        BasePlan.of(storage, "b", write("base", ordinary()), MatrixSelection.of(null, "v_proj"));
    String adapter = writeAdapter("a", Map.of("model.layers.0.v_proj", new int[] {6, 6}));

    CheckpointPlan plan = plan(base, adapter);

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.NOTHING_TO_ANALYSE,
        null,
        adapter,
        "Changes none of the 1 selected matrices of the base");
  }

  @Test
  void expertsThatDoNotFitTheirUpdateAreRejectedInTheWholeChain() throws IOException {
    SafetensorsFile file = zeros(ordinary(), EXPERTS, 3, 4, 6);
    BasePlan base = base(file);
    String fitting = writeExperts("fitting", 4);
    String broken = writeExperts("broken", 5);

    assertThat(names(plan(base, fitting)))
        .containsExactly(EXPERTS + "[0]", EXPERTS + "[1]", EXPERTS + "[2]");
    CheckpointPlan plan = plan(base, fitting, broken);

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.MISSING_IN_BASE,
        "base_model.model.model.layers.0.mlp.experts.lora_A.weight",
        broken + "/adapter_model.safetensors",
        ("Tensor base_model.model.model.layers.0.mlp.experts.lora_A.weight: no matrix of the base"
                + " %s fits up_proj of model.layers.0.mlp.experts, 3 experts of 5x6")
            .formatted(base.uri()));
  }

  @ParameterizedTest
  @CsvSource({"2", "4"})
  void updatesOfMoreOrFewerExpertsThanTheBasesAreRefused(int experts) throws IOException {
    BasePlan base = base(zeros(ordinary(), EXPERTS, experts, 4, 6));
    String adapter = writeExperts("adapter", 4);

    CheckpointPlan plan = plan(base, adapter);

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.SHAPE_MISMATCH,
        "base_model.model.model.layers.0.mlp.experts.lora_A.weight",
        adapter + "/adapter_model.safetensors",
        "Tensor base_model.model.model.layers.0.mlp.experts.lora_A.weight: expected updates of the"
            + " base's %d experts, found 3 of rank 2".formatted(experts));
  }

  /** Rank 2 on three experts of six inputs. */
  private String writeExperts(String name, int outputs) throws IOException {
    SafetensorsFile file = new SafetensorsFile();
    String prefix = "base_model.model.model.layers.0.mlp.experts";
    zeros(file, prefix + ".lora_A.weight", 6, 6);
    zeros(file, prefix + ".lora_B.weight", outputs, 6);
    file.write(folder.resolve(name).resolve("adapter_model.safetensors"));
    Files.writeString(
        folder.resolve(name).resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4,"
            + " \"target_parameters\": [\"mlp.experts.up_proj\"]}");
    return uri(name);
  }

  @Test
  void aHeadThatTheBaseLacksIsNoFault() throws IOException {
    BasePlan base = base(ordinary());
    SafetensorsFile file = new SafetensorsFile();
    zeros(file, "base_model.model.score.weight", 2, 6);
    zeros(file, "base_model.model.model.layers.0.q_proj.lora_A.weight", 2, 6);
    zeros(file, "base_model.model.model.layers.0.q_proj.lora_B.weight", 4, 2);
    file.write(folder.resolve("head").resolve("adapter_model.safetensors"));
    Files.writeString(
        folder.resolve("head").resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"modules_to_save\": [\"score\"]}");

    CheckpointPlan plan = plan(base, uri("head"));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(Q);
  }

  @Test
  void aChainAddsUpInItsOrder() throws IOException {
    String first = fixtures().resolve("llama/chain/1").toString();
    String second = fixtures().resolve("llama/chain/2").toString();
    BasePlan base = fixtureBase("llama/base");

    CheckpointPlan plan = plan(base, first, second);

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan))
        .containsExactly(
            "model.layers.0.mlp.down_proj.weight",
            "model.layers.0.self_attn.q_proj.weight",
            "model.layers.0.self_attn.v_proj.weight",
            "model.layers.1.mlp.down_proj.weight",
            "model.layers.1.self_attn.q_proj.weight",
            "model.layers.1.self_attn.v_proj.weight");
    List<String> files = new ArrayList<>();
    for (AdapterUpdate link : plan.matrices().get(1).update().adapters()) {
      files.add(link.sources().get(0).file());
    }
    assertThat(files)
        .containsExactly(
            storage.qualify(first + "/adapter_model.safetensors"),
            storage.qualify(second + "/adapter_model.safetensors"));
    assertThat(plan.matrices().get(0).update().adapters()).hasSize(1);
    assertThat(plan.matrices().get(1).inputs())
        .as("the order counts")
        .isNotEqualTo(plan(base, second, first).matrices().get(1).inputs());
  }

  @Test
  void aMatrixWithABrokenLinkInItsChainIsNotAnalysedInPart() throws IOException {
    BasePlan base = base(ordinary());
    String sound =
        writeAdapter(
            "sound",
            Map.of(
                "model.layers.0.q_proj", new int[] {4, 6},
                "model.layers.0.v_proj", new int[] {6, 6}));
    String broken = writeAdapter("broken", Map.of("model.layers.0.q_proj", new int[] {5, 6}));

    for (CheckpointPlan plan : List.of(plan(base, sound, broken), plan(base, broken, sound))) {
      assertThat(names(plan)).containsExactly(V);
      assertThat(plan.rejections()).extracting(Rejection::matrix).containsExactly(Q);
    }
  }

  @Test
  void adaptersMayStandOnTopOfAWholeCheckpoint() throws IOException {
    BasePlan base = base(ordinary());
    String tuned = write("tuned", ordinary());
    String adapter = writeAdapter("a", Map.of("model.layers.0.q_proj", new int[] {4, 6}));

    CheckpointPlan plan = plan(base, tuned, adapter);

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(Q, V);
    assertThat(plan.matrices().get(0).update()).isInstanceOf(UpdateSource.Full.class);
    assertThat(plan.matrices().get(0).update().adapters()).hasSize(1);
    assertThat(plan.matrices().get(1).update().adapters()).isEmpty();
  }

  @Test
  void aWholeCheckpointBehindAnAdapterIsRefused() throws IOException {
    BasePlan base = base(ordinary());
    String tuned = write("tuned", ordinary());
    String adapter = writeAdapter("a", Map.of("model.layers.0.q_proj", new int[] {4, 6}));

    CheckpointPlan plan = plan(base, adapter, tuned);

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.FORMAT_UNSUPPORTED,
        null,
        tuned,
        "A whole checkpoint can only come first; expected an adapter here");
  }

  // ---- weights stored as (inputs, outputs)

  @Test
  void theConv1dWeightsOfGpt2AreTurnedRound() throws IOException {
    BasePlan base = fixtureBase("gpt2/base");

    assertThat(base.matrices()).hasSize(8);
    BaseMatrix fused = base.matrices().get("transformer.h.0.attn.c_attn.weight");
    assertThat(fused.source().transposed()).isTrue();
    assertThat(fused.source().rows()).as("outputs").isEqualTo(48);
    assertThat(fused.source().cols()).as("inputs").isEqualTo(16);
    assertThat(base.matrices().get("transformer.h.1.mlp.c_proj.weight").source().cols())
        .isEqualTo(64);
    assertThat(base.matrices().values()).allMatch(matrix -> matrix.source().transposed());
  }

  @Test
  void anAdapterOfGpt2FitsTheTurnedWeights() throws IOException {
    CheckpointPlan plan =
        plan(fixtureBase("gpt2/base"), fixtures().resolve("gpt2/lora").toString());

    assertThat(plan.rejections()).isEmpty();
    assertThat(plan.matrices()).hasSize(8);
  }

  @Test
  void aTunedGpt2WithoutAConfigIsTurnedRoundByTheShapeOfItsFusedAttention() throws IOException {
    CheckpointPlan plan =
        plan(
            fixtureBase("gpt2/base"),
            fixtures().resolve("gpt2/lora/merged.safetensors").toString());

    assertThat(plan.rejections()).isEmpty();
    assertThat(plan.matrices()).hasSize(8);
    assertThat(plan.matrices())
        .allMatch(matrix -> ((UpdateSource.Full) matrix.update()).tuned().transposed());
  }

  @Test
  void weightsOfALlamaStayAsTheyAre() throws IOException {
    BasePlan base = fixtureBase("llama/base");

    assertThat(base.matrices()).hasSize(14);
    assertThat(base.matrices().values()).noneMatch(matrix -> matrix.source().transposed());
  }

  // ---- names that differ by a prefix

  @ParameterizedTest
  @CsvSource({
    "model.,''",
    "'',model.",
    "transformer.,''",
    "model.,_orig_mod.model.",
    "model.,module.model.",
    "model.,base_model.model.model.",
    "model.,module._orig_mod.",
  })
  void namesOfAWholeCheckpointPairByKnownPrefixes(String inBase, String inTuned)
      throws IOException {
    String module = "layers.0.q_proj.weight";
    BasePlan base = base(zeros(new SafetensorsFile(), inBase + module, 4, 6));

    CheckpointPlan plan =
        plan(base, write("tuned", zeros(new SafetensorsFile(), inTuned + module, 4, 6)));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(inBase + module);
    assertThat(((UpdateSource.Full) plan.matrices().get(0).update()).tuned().matrix())
        .isEqualTo(inTuned + module);
    assertThat(plan.notes()).hasSize(1);
    assertThat(plan.notes().get(0)).startsWith("names pair by prefix: \"").endsWith(" here (1)");
  }

  @Test
  void theNoteTellsThePrefixesAndHowManyNamesTheyPair() throws IOException {
    SafetensorsFile tuned = zeros(new SafetensorsFile(), Q.substring("model.".length()), 4, 6);
    zeros(tuned, V.substring("model.".length()), 6, 6);

    CheckpointPlan plan = plan(base(ordinary()), write("tuned", tuned));

    assertThat(names(plan)).containsExactly(Q, V);
    assertThat(plan.notes())
        .containsExactly("names pair by prefix: \"model.\" in the base, \"\" here (2)");
  }

  @Test
  void equalNamesNeedNoNote() throws IOException {
    assertThat(plan(base(ordinary()), write("tuned", ordinary())).notes()).isEmpty();
  }

  @Test
  void slicesPairByPrefixToo() throws IOException {
    BasePlan base = base(zeros(new SafetensorsFile(), EXPERTS, 2, 4, 6));
    String tuned = EXPERTS.substring("model.".length());

    CheckpointPlan plan = plan(base, write("tuned", zeros(new SafetensorsFile(), tuned, 2, 4, 6)));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(EXPERTS + "[0]", EXPERTS + "[1]");
  }

  @Test
  void anAdaptersModulesPairByPrefix() throws IOException {
    BasePlan base = base(zeros(new SafetensorsFile(), "layers.0.q_proj.weight", 4, 6));

    CheckpointPlan plan =
        plan(base, writeAdapter("tuned", Map.of("model.layers.0.q_proj", new int[] {4, 6})));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly("layers.0.q_proj.weight");
    assertThat(plan.notes())
        .containsExactly("names pair by prefix: \"\" in the base, \"model.\" here (1)");
  }

  @Test
  void aNameThatFitsTwoOfTheBaseIsRefusedWithBoth() throws IOException {
    SafetensorsFile file = zeros(new SafetensorsFile(), "model.q.weight", 4, 6);
    zeros(file, "transformer.q.weight", 4, 6);
    zeros(file, "v.weight", 4, 6);
    SafetensorsFile tuned = zeros(new SafetensorsFile(), "q.weight", 4, 6);
    zeros(tuned, "v.weight", 4, 6);

    CheckpointPlan plan = plan(base(file), write("tuned", tuned));

    assertThat(names(plan)).containsExactly("v.weight");
    assertThat(plan.rejections())
        .extracting(Rejection::matrix)
        .containsExactly("model.q.weight", "transformer.q.weight");
    assertThat(plan.rejections())
        .extracting(Rejection::code)
        .containsOnly(RejectCode.NAME_AMBIGUOUS);
    assertThat(plan.rejections().get(0).message())
        .isEqualTo(
            "[%s] Names pair by prefix, but which belong together? model.q.weight or"
                    .formatted(uri("tuned"))
                + " transformer.q.weight of the base, q.weight here");
  }

  @Test
  void twoNamesThatFitOneOfTheBaseAreRefusedWithBoth() throws IOException {
    SafetensorsFile tuned = zeros(new SafetensorsFile(), "module.q.weight", 4, 6);
    zeros(tuned, "model.q.weight", 4, 6);

    CheckpointPlan plan =
        plan(base(zeros(new SafetensorsFile(), "q.weight", 4, 6)), write("tuned", tuned));

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.NAME_AMBIGUOUS,
        "q.weight",
        uri("tuned"),
        "Names pair by prefix, but which belong together? q.weight of the base, model.q.weight or"
            + " module.q.weight here");
  }

  @Test
  void anEqualNameIsTakenBeforeOneThatDiffersByAPrefix() throws IOException {
    SafetensorsFile tuned = zeros(ordinary(), "module." + Q, 4, 6);

    CheckpointPlan plan = plan(base(ordinary()), write("tuned", tuned));

    assertThat(names(plan)).containsExactly(Q, V);
    assertThat(((UpdateSource.Full) plan.matrices().get(0).update()).tuned().matrix()).isEqualTo(Q);
    assertOnlyRejection(
        plan,
        RejectCode.MISSING_IN_BASE,
        "module." + Q,
        uri("tuned") + "/model.safetensors",
        "Tensor module.%s: is not in the base %s".formatted(Q, uri("base")));
  }

  // ---- shapes, as the files have them

  @ParameterizedTest
  @CsvSource({"2, 4, 6", "5, 4, 6", "4, 6, 4", "4, 4, 5", "0, 4, 6"})
  void stackedExpertsOfAnotherShapeAreRefusedAsAWhole(int experts, int rows, int cols)
      throws IOException {
    BasePlan base = base(zeros(ordinary(), EXPERTS, 4, 4, 6));
    SafetensorsFile tuned = zeros(ordinary(), EXPERTS, experts, rows, cols);

    CheckpointPlan plan = plan(base, write("tuned", tuned));

    assertThat(names(plan)).containsExactly(Q, V);
    assertOnlyRejection(
        plan,
        RejectCode.SHAPE_MISMATCH,
        EXPERTS,
        uri("tuned") + "/model.safetensors",
        "Tensor %s: expected the base's shape 4x4x6, found %dx%dx%d"
            .formatted(EXPERTS, experts, rows, cols));
  }

  @Test
  void bothShapesOfALayerThatIsStoredTurnedAreThoseOfTheFiles() throws IOException {
    String layer = "transformer.h.0.attn.c_proj.weight";
    for (String name : List.of("base", "tuned")) {
      Files.createDirectories(folder.resolve(name));
      Files.writeString(folder.resolve(name).resolve("config.json"), "{\"model_type\": \"gpt2\"}");
    }
    BasePlan base = base(zeros(new SafetensorsFile(), layer, 4, 6));

    CheckpointPlan plan = plan(base, write("tuned", zeros(new SafetensorsFile(), layer, 4, 8)));

    assertOnlyRejection(
        plan,
        RejectCode.SHAPE_MISMATCH,
        layer,
        uri("tuned") + "/model.safetensors",
        "Tensor %s: expected the base's shape 4x6, found 4x8".formatted(layer));
  }

  // ---- kohya's names

  private String writeKohya(Map<String, int[]> modules) throws IOException {
    SafetensorsFile file = new SafetensorsFile();
    for (Map.Entry<String, int[]> module : modules.entrySet()) {
      zeros(file, module.getKey() + ".lora_down.weight", 2, module.getValue()[1]);
      zeros(file, module.getKey() + ".lora_up.weight", module.getValue()[0], 2);
    }
    file.write(folder.resolve("tuned").resolve("kohya.safetensors"));
    return uri("tuned");
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers.0.q_proj, lora_te_model_layers_0_q_proj",
    "model.layers.0.q_proj, lora_te_layers_0_q_proj",
    "down_blocks.1.to_q, lora_unet_down_blocks_1_to_q",
    "text_model.q, lora_te2_text_model_q",
    "blocks.0.q, lycoris_blocks_0_q",
    "single_blocks.0.q, lora_transformer_single_blocks_0_q",
  })
  void namesOfKohyasHaveUnderscoresForDots(String inBase, String inFile) throws IOException {
    BasePlan base = base(zeros(new SafetensorsFile(), inBase + ".weight", 4, 6));

    CheckpointPlan plan = plan(base, writeKohya(Map.of(inFile, new int[] {4, 6})));

    assertThat(plan.rejections()).isEmpty();
    assertThat(names(plan)).containsExactly(inBase + ".weight");
    assertThat(plan.notes()).containsExactly("names pair by underscores for dots (1)");
  }

  @Test
  void aNameOfKohyasThatFitsTwoOfTheBaseIsRefusedWithBoth() throws IOException {
    SafetensorsFile file = zeros(new SafetensorsFile(), "a.b_c.weight", 4, 6);
    zeros(file, "a_b.c.weight", 4, 6);
    zeros(file, "d.weight", 4, 6);

    CheckpointPlan plan =
        plan(
            base(file),
            writeKohya(Map.of("lora_te_a_b_c", new int[] {4, 6}, "lora_te_d", new int[] {4, 6})));

    assertThat(names(plan)).containsExactly("d.weight");
    assertThat(plan.rejections())
        .extracting(Rejection::matrix)
        .containsExactly("a.b_c.weight", "a_b.c.weight");
    assertThat(plan.rejections())
        .allSatisfy(
            rejection -> {
              assertThat(rejection.code()).isEqualTo(RejectCode.NAME_AMBIGUOUS);
              assertThat(rejection.message())
                  .isEqualTo(
                      "[%s/kohya.safetensors] Names pair by underscores for dots, but which belong"
                              .formatted(uri("tuned"))
                          + " together? a.b_c.weight or a_b.c.weight of the base,"
                          + " lora_te_a_b_c.weight here");
            });
  }

  @Test
  void twoNamesOfKohyasThatFitOneOfTheBaseAreRefusedWithBoth() throws IOException {
    BasePlan base = base(zeros(new SafetensorsFile(), "q.weight", 4, 6));

    CheckpointPlan plan =
        plan(
            base,
            writeKohya(Map.of("lora_te1_q", new int[] {4, 6}, "lora_te2_q", new int[] {4, 6})));

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.NAME_AMBIGUOUS,
        "q.weight",
        uri("tuned") + "/kohya.safetensors",
        "Names pair by underscores for dots, but which belong together? q.weight of the base,"
            + " lora_te1_q.weight or lora_te2_q.weight here");
  }

  @Test
  void aModuleOfKohyasThatTheBaseLacksIsRefused() throws IOException {
    CheckpointPlan plan =
        plan(base(ordinary()), writeKohya(Map.of("lora_unet_q", new int[] {4, 6})));

    assertThat(plan.rejections())
        .singleElement()
        .extracting(Rejection::code)
        .isEqualTo(RejectCode.MISSING_IN_BASE);
  }

  // ---- shapes that are no matrices

  private static final String UNGATHERED =
      " is empty, as DeepSpeed's ZeRO-3 leaves tensors that were not gathered; set"
          + " stage3_gather_16bit_weights_on_model_save and save once more, or run zero_to_fp32.py"
          + " on the checkpoint of the training";

  private static Integer[] shape(String dimensions) {
    return dimensions.equals("scalar")
        ? new Integer[0]
        : Arrays.stream(dimensions.split("x", -1)).map(Integer::valueOf).toArray(Integer[]::new);
  }

  @ParameterizedTest
  @CsvSource({
    "scalar, one number without dimensions",
    "24, 24",
    "4x6x1, 4x6x1",
    "1x4x6, 1x4x6",
    "0x6, 0x6",
    "2x2x6x1, 2x2x6x1",
    "4x1x6x1x1, 4x1x6x1x1",
  })
  void aTunedTensorThatIsNoMatrixIsRejectedAndTheRestAnalysed(String shape, String found)
      throws IOException {
    SafetensorsFile tuned = zeros(new SafetensorsFile(), Q, shape(shape));
    zeros(tuned, V, 6, 6);

    CheckpointPlan plan = plan(base(ordinary()), write("tuned", tuned));

    assertThat(names(plan)).containsExactly(V);
    assertOnlyRejection(
        plan,
        RejectCode.SHAPE_MISMATCH,
        Q,
        uri("tuned") + "/model.safetensors",
        "Tensor %s: expected the base's shape 4x6, found %s".formatted(Q, found));
  }

  @ParameterizedTest
  @CsvSource({"scalar", "6", "4x6", "2x3x6x1"})
  void aTunedTensorThatIsNoStackOfExpertsIsRejected(String shape) throws IOException {
    SafetensorsFile file = zeros(zeros(new SafetensorsFile(), EXPERTS, 2, 3, 6), V, 6, 6);
    SafetensorsFile tuned = zeros(zeros(new SafetensorsFile(), EXPERTS, shape(shape)), V, 6, 6);

    CheckpointPlan plan = plan(base(file), write("tuned", tuned));

    assertThat(names(plan)).containsExactly(V);
    assertThat(plan.rejections())
        .isNotEmpty()
        .allSatisfy(rejection -> assertThat(rejection.code()).isEqualTo(RejectCode.SHAPE_MISMATCH));
  }

  @ParameterizedTest
  @CsvSource({"scalar", "24", "2x2x6x1", "4x1x6x1x1"})
  void aTensorOfTheBaseThatIsNoMatrixIsNotAnalysed(String shape) throws IOException {
    SafetensorsFile file = zeros(zeros(new SafetensorsFile(), Q, shape(shape)), V, 6, 6);

    CheckpointPlan plan = plan(base(file), write("tuned", ordinary()));

    assertThat(names(plan)).containsExactly(V);
  }

  @Test
  void aTunedTensorThatIsEmptyIsCalledSo() throws IOException {
    SafetensorsFile tuned = zeros(zeros(new SafetensorsFile(), Q, 0), V, 6, 6);

    CheckpointPlan plan = plan(base(ordinary()), write("tuned", tuned));

    assertThat(names(plan)).containsExactly(V);
    assertOnlyRejection(
        plan,
        RejectCode.SHAPE_MISMATCH,
        Q,
        uri("tuned") + "/model.safetensors",
        "Tensor %s: F32 0%s".formatted(Q, UNGATHERED));
  }

  @Test
  void aBaseOfEmptyTensorsIsCalledSo() throws IOException {
    String uri = write("base", zeros(zeros(new SafetensorsFile(), Q, 0), V, 0));

    UserInputException fault =
        catchThrowableOfType(
            UserInputException.class,
            () -> BasePlan.of(storage, "b", uri, MatrixSelection.of(null, null)));

    assertThat(fault)
        .hasMessageEndingWith(
            "[%s/model.safetensors] Tensor %s: F32 0%s".formatted(uri, Q, UNGATHERED));
  }

  @Test
  void anAdapterOfEmptyTensorsIsCalledSo() throws IOException {
    String adapter = writeAdapter("adapter", Map.of("model.layers.0.q_proj", new int[] {4, 6}));
    String a = "base_model.model.model.layers.0.q_proj.lora_A.weight";
    SafetensorsFile file = zeros(new SafetensorsFile(), a, 0);
    zeros(file, a.replace("_A", "_B"), 0);
    file.write(folder.resolve("adapter").resolve("adapter_model.safetensors"));

    CheckpointPlan plan = plan(base(ordinary()), adapter);

    assertThat(plan.matrices()).isEmpty();
    assertOnlyRejection(
        plan,
        RejectCode.ADAPTER_INVALID,
        Q,
        adapter + "/adapter_model.safetensors",
        "Tensor %s: F32 0%s".formatted(a, UNGATHERED));
  }

  @Test
  void aFileWithoutATensorIsCalledSo() throws IOException {
    String empty =
        "There is no tensor in this file: it was saved from an empty state dict, as happens on a"
            + " rank of a distributed training that does not hold the weights; gather the weights"
            + " and save again";
    String adapter = writeAdapter("adapter", Map.of());

    assertOnlyRejection(
        plan(base(ordinary()), write("tuned", new SafetensorsFile())),
        RejectCode.NOTHING_TO_ANALYSE,
        null,
        uri("tuned") + "/model.safetensors",
        empty);
    assertOnlyRejection(
        plan(base(ordinary()), adapter),
        RejectCode.NOTHING_TO_ANALYSE,
        null,
        adapter + "/adapter_model.safetensors",
        empty);
  }
}
