package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaseMatrixTest {
  @ParameterizedTest
  @CsvSource({
    "model.layers.12.self_attn.q_proj.weight,12,self_attn.q_proj",
    "transformer.h.0.attn.c_attn.weight,0,attn.c_attn",
    "h.0.attn.c_attn.weight,0,attn.c_attn",
    "bert.encoder.layer.0.output.dense.weight,0,encoder.output.dense",
    "model.layers.3.mlp.experts.17.gate_proj.weight,3,mlp.experts.*.gate_proj",
    "model.layers.3.block_sparse_moe.experts.0.w1.weight,3,block_sparse_moe.experts.*.w1",
    "model.layers.3.mlp.experts.gate_up_proj[5],3,mlp.experts.gate_up_proj",
    "encoder.block.2.layer.0.SelfAttention.q.weight,2,encoder.layer.*.SelfAttention.q",
    "decoder.block.2.layer.0.SelfAttention.q.weight,2,decoder.layer.*.SelfAttention.q",
    "blk.7.attn_q.weight,7,attn_q",
    "blk.7.ffn_up_exps.weight[3],7,ffn_up_exps",
    "lm_head.weight,-1,lm_head",
    "weight,-1,weight",
    "model.layers.0.proj,0,proj",
    "layers.1234567.proj.weight,-1,layers.1234567.proj",
  })
  void layerAndModuleAreReadOffTheName(String name, int layer, String module) {
    BaseMatrix matrix = BaseMatrix.of(source(name, 2, 2));

    assertThat(matrix.name()).isEqualTo(name);
    assertThat(matrix.layer()).isEqualTo(layer);
    assertThat(matrix.module()).isEqualTo(module);
  }

  @Test
  void theSmallerDimensionCounts() {
    assertThat(BaseMatrix.of(source("a.weight", 3, 5)).minDimension()).isEqualTo(3);
    assertThat(BaseMatrix.of(source("a.weight", 5, 3)).minDimension()).isEqualTo(3);
  }

  private static MatrixSource source(String name, int rows, int cols) {
    return new MatrixSource(name, "file:/x", DType.F32, 0, rows, cols, false);
  }
}
