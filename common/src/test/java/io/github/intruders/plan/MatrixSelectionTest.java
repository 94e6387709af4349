package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MatrixSelectionTest {
  private final MatrixSelection byDefault = MatrixSelection.of(null, null);

  @ParameterizedTest
  @CsvSource({
    "model.layers.0.self_attn.q_proj.weight,2,true",
    "h.0.attn.c_attn.weight,2,true",
    "bert.encoder.layer.0.output.dense.weight,2,true",
    "encoder.block.0.layer.0.SelfAttention.q.weight,2,true",
    "model.layers.0.mlp.experts.3.gate_proj.weight,2,true",
    "model.layers.0.mlp.experts.gate_up_proj,3,true",
    "model.layers.0.mlp.gate.weight,2,true",
    "model.embed_tokens.weight,2,false",
    "transformer.wte.weight,2,false",
    "wpe.weight,2,false",
    "bert.embeddings.word_embeddings.weight,2,false",
    "shared.weight,2,false",
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight,2,false",
    "lm_head.weight,2,false",
    "output.weight,2,false",
    "score.weight,2,false",
    "classifier.dense.weight,2,false",
    "model.norm.weight,1,false",
    "model.layers.0.self_attn.q_proj.bias,1,false",
    "conv1d.weight,3,false",
  })
  void linearLayersAreSelectedAndEmbeddingsHeadsNormsAndBiasesAreNot(
      String name, int dimensions, boolean selected) {
    assertThat(byDefault.selects(tensor(name, dimensions))).isEqualTo(selected);
  }

  @Test
  void includeBringsInWhatTheDefaultLeavesOutAndExcludeWins() {
    MatrixSelection selection = MatrixSelection.of("lm_head|layers\\.0", "k_proj");

    assertThat(selection.selects(tensor("lm_head.weight", 2))).isTrue();
    assertThat(selection.selects(tensor("model.layers.0.self_attn.q_proj.weight", 2))).isTrue();
    assertThat(selection.selects(tensor("model.layers.0.self_attn.k_proj.weight", 2))).isFalse();
    assertThat(selection.selects(tensor("model.layers.1.self_attn.q_proj.weight", 2))).isFalse();
    assertThat(selection.selects(tensor("model.layers.0.input_layernorm.weight", 1))).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers.12.self_attn.q_proj.weight,12,self_attn.q_proj",
    "h.0.attn.c_attn.weight,0,attn.c_attn",
    "model.layers.3.mlp.experts.17.gate_proj.weight,3,mlp.experts.*.gate_proj",
    "model.layers.3.mlp.experts.gate_up_proj[5],3,mlp.experts.gate_up_proj",
    "encoder.block.2.layer.0.SelfAttention.q.weight,2,encoder.layer.*.SelfAttention.q",
    "lm_head.weight,-1,lm_head",
  })
  void layerAndModuleAreReadOffTheName(String name, int layer, String module) {
    BaseMatrix matrix = BaseMatrix.of(new MatrixSource(name, "file:/x", DType.F32, 0, 2, 2, false));

    assertThat(matrix.layer()).isEqualTo(layer);
    assertThat(matrix.module()).isEqualTo(module);
  }

  private static TensorInfo tensor(String name, int dimensions) {
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (int i = 0; i < dimensions; i++) {
      shape.add(4L);
      elements *= 4;
    }
    return new TensorInfo(name, DType.F32, shape, "file:/x", 100, 4 * elements);
  }
}
