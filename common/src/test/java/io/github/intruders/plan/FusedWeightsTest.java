package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fused layers are cut where the model's code cuts them, or not at all. */
class FusedWeightsTest {
  private static final String QKV = "model.layers.0.self_attn.qkv_proj.weight";
  private static final String GATE_UP = "model.layers.0.mlp.gate_up_proj.weight";
  private static final String PHI =
      "{\"model_type\": \"phi3\", \"num_attention_heads\": 3, \"num_key_value_heads\": 1,"
          + " \"hidden_size\": 6}";
  private static final MatrixSelection SPLIT =
      MatrixSelection.of(null, null).withFusedWeightsSplit();

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());
  private final TensorReader reader = new TensorReader(storage);

  /** Element (i, j) is 100 i + j + start. */
  private static SafetensorsFile numbered(
      SafetensorsFile file, String name, int rows, int cols, int start) {
    float[] values = new float[rows * cols];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        values[i * cols + j] = 100 * i + j + start;
      }
    }
    return file.addFloats(name, List.of(rows, cols), values);
  }

  /** Three query heads, one key and one value head of two rows each. */
  private static SafetensorsFile phi(int start) {
    SafetensorsFile file = numbered(new SafetensorsFile(), QKV, 10, 6, start);
    return numbered(file, GATE_UP, 8, 6, start);
  }

  private String write(String name, SafetensorsFile file, String config) throws IOException {
    file.write(folder.resolve(name).resolve("model.safetensors"));
    if (config != null) {
      Files.writeString(folder.resolve(name).resolve("config.json"), config);
    }
    return storage.qualify(folder.resolve(name).toString());
  }

  private BasePlan base(SafetensorsFile file, String config) throws IOException {
    return BasePlan.of(storage, "b", write("base", file, config), SPLIT);
  }

  private CheckpointPlan plan(BasePlan base, String... sources) throws IOException {
    return new Planner(storage, base)
        .plan(new CheckpointSpec("t", List.of(sources), null, null, null, Map.of()));
  }

  private void assertRows(MatrixSource source, int first, int count, int start) throws IOException {
    try (Arena arena = Arena.open()) {
      Matrix matrix = reader.read(source, Precision.DOUBLE);
      assertThat(matrix.rows()).isEqualTo(count);
      for (int i = 0; i < count; i++) {
        for (int j = 0; j < matrix.cols(); j++) {
          assertThat(matrix.get(i, j)).isEqualTo(100 * (first + i) + j + start);
        }
      }
    }
  }

  @Test
  void withoutTheOptionAFusedLayerIsOneMatrix() throws IOException {
    BasePlan base =
        BasePlan.of(storage, "b", write("base", phi(0), PHI), MatrixSelection.of(null, null));

    assertThat(base.matrices()).containsOnlyKeys(QKV, GATE_UP);
  }

  @Test
  void queriesKeysAndValuesAreCutByHeadsAndGateAndUpInHalves() throws IOException {
    BasePlan base = base(phi(0), PHI);

    assertThat(base.rejections()).isEmpty();
    assertThat(base.matrices())
        .containsOnlyKeys(
            QKV + "[q]", QKV + "[k]", QKV + "[v]", GATE_UP + "[gate]", GATE_UP + "[up]");
    assertRows(base.matrices().get(QKV + "[q]").source(), 0, 6, 0);
    assertRows(base.matrices().get(QKV + "[k]").source(), 6, 2, 0);
    assertRows(base.matrices().get(QKV + "[v]").source(), 8, 2, 0);
    assertRows(base.matrices().get(GATE_UP + "[gate]").source(), 0, 4, 0);
    assertRows(base.matrices().get(GATE_UP + "[up]").source(), 4, 4, 0);
    assertThat(base.matrices().get(QKV + "[k]").layer()).isZero();
    assertThat(base.matrices().get(QKV + "[k]").module()).isEqualTo("self_attn.qkv_proj[k]");
    assertThat(base.matrices().get(QKV + "[k]").tensor()).isEqualTo(QKV);
  }

  @Test
  void aTunedCheckpointIsCutAlikeWithoutAConfigOfItsOwn() throws IOException {
    BasePlan base = base(phi(0), PHI);

    CheckpointPlan plan = plan(base, write("tuned", phi(7), null));

    assertThat(plan.rejections()).isEmpty();
    assertThat(plan.matrices()).hasSize(5);
    for (MatrixPlan matrix : plan.matrices()) {
      MatrixSource tuned = ((UpdateSource.Full) matrix.update()).tuned();
      assertThat(tuned.matrix()).isEqualTo(matrix.base().name());
      if (tuned.matrix().endsWith("[v]")) {
        assertRows(tuned, 8, 2, 7);
      }
    }
  }

  @Test
  void aTunedLayerOfAnotherShapeIsRefused() throws IOException {
    SafetensorsFile tuned = numbered(new SafetensorsFile(), QKV, 11, 6, 0);
    numbered(tuned, GATE_UP, 8, 5, 0);

    CheckpointPlan plan = plan(base(phi(0), PHI), write("tuned", tuned, null));

    assertThat(plan.matrices()).isEmpty();
    assertThat(plan.rejections()).extracting(Rejection::matrix).containsOnly(QKV, GATE_UP);
    assertThat(plan.rejections())
        .extracting(Rejection::message)
        .anyMatch(message -> message.endsWith("expected the base's shape 10x6, found 11x6"))
        .anyMatch(message -> message.endsWith("expected the base's shape 8x6, found 8x5"));
  }

  @Test
  void anAdaptersRowsOfBAreCutAlike() throws IOException {
    SafetensorsFile adapter = new SafetensorsFile();
    String prefix = "base_model.model.model.layers.0.self_attn.qkv_proj";
    numbered(adapter, prefix + ".lora_A.weight", 2, 6, 3);
    numbered(adapter, prefix + ".lora_B.weight", 10, 2, 0);
    adapter.write(folder.resolve("tuned/adapter_model.safetensors"));
    Files.writeString(
        folder.resolve("tuned/adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"qkv_proj\"]}");

    CheckpointPlan plan =
        plan(base(phi(0), PHI), storage.qualify(folder.resolve("tuned").toString()));

    assertThat(plan.rejections()).isEmpty();
    assertThat(plan.matrices())
        .extracting(matrix -> matrix.base().name())
        .containsExactly(QKV + "[k]", QKV + "[q]", QKV + "[v]");
    assertRows(lora(plan, 0).b(), 6, 2, 0);
    assertRows(lora(plan, 1).b(), 0, 6, 0);
    assertRows(lora(plan, 2).b(), 8, 2, 0);
    assertRows(lora(plan, 2).a(), 0, 2, 3);
  }

  @Test
  void gpt2sPartsAreColumnsOfTheFile() throws Exception {
    Path gpt2 =
        Path.of(
                Objects.requireNonNull(FusedWeightsTest.class.getResource("/fixtures/peft"))
                    .toURI())
            .resolve("gpt2/base");
    BasePlan whole =
        BasePlan.of(storage, "b", gpt2.toString(), MatrixSelection.of("c_attn.weight", null));
    BasePlan split =
        BasePlan.of(
            storage,
            "b",
            gpt2.toString(),
            MatrixSelection.of("c_attn.weight", null).withFusedWeightsSplit());

    assertThat(split.rejections()).isEmpty();
    assertThat(split.matrices()).hasSize(3 * whole.matrices().size());
    TensorReader small = new TensorReader(storage);
    for (BaseMatrix fused : whole.matrices().values()) {
      assertThat(fused.source().transposed()).isTrue();
      try (Arena arena = Arena.open()) {
        Matrix all = reader.read(fused.source(), Precision.DOUBLE);
        int row = 0;
        for (String part : List.of("[q]", "[k]", "[v]")) {
          MatrixSource source = split.matrices().get(fused.name() + part).source();
          Matrix rows = small.read(source, Precision.DOUBLE);
          assertThat(rows.rows()).isEqualTo(all.rows() / 3);
          for (int i = 0; i < rows.rows(); i++) {
            assertThat(rows.row(i)).isEqualTo(all.row(row++));
          }
          assertThat(reader.readWithHash(source, Precision.DOUBLE).contentHash())
              .isEqualTo(reader.contentHash(source));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "gpt_neox,query_key_value,18,6",
    "falcon,query_key_value,18,6",
    "bloom,query_key_value,18,6",
    "codegen,qkv_proj,18,6",
    "gpt_bigcode,c_attn,10,6",
    "gpt_oss,gate_up_proj,8,6",
    "dbrx,Wqkv,18,6",
  })
  void otherLayoutsAreRefusedByName(String model, String layer, int rows, int cols)
      throws IOException {
    String name = "layers.0.%s.weight".formatted(layer);
    SafetensorsFile file = numbered(new SafetensorsFile(), name, rows, cols, 0);
    numbered(file, "layers.0.o_proj.weight", 6, 6, 0);

    BasePlan base = base(file, "{\"model_type\": \"%s\"}".formatted(model));

    assertThat(base.matrices()).containsOnlyKeys("layers.0.o_proj.weight");
    assertThat(base.rejections()).extracting(Rejection::matrix).containsExactly(name);
    assertThat(base.rejections().get(0).code()).isEqualTo(RejectCode.FORMAT_UNSUPPORTED);
    assertThat(base.rejections().get(0).message())
        .endsWith(
            "how the parts of a fused %s lie is not known for model type %s; leave out"
                    .formatted(layer, model)
                + " --split-fused to analyse it whole");
  }

  @Test
  void rowsThatAreNotThoseOfTheHeadsAreRefused() {
    assertThatThrownBy(() -> base(numbered(new SafetensorsFile(), QKV, 12, 6, 0), PHI))
        .hasMessageContaining(
            "12 rows are not those of 3 heads with 1 for keys and values, as config.json has them");
  }

  @Test
  void crossAttentionOfGpt2IsNotTakenForThirds() {
    String name = "h.0.crossattention.c_attn.weight";

    assertThatThrownBy(
            () ->
                base(numbered(new SafetensorsFile(), name, 6, 12, 0), "{\"model_type\": \"gpt2\"}"))
        .hasMessageContaining("12 rows are not queries, keys and values of 6 inputs");
  }

  private static LowRankSource lora(CheckpointPlan plan, int matrix) {
    return (LowRankSource) plan.matrices().get(matrix).update().adapters().get(0);
  }
}
