package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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
    "transformer.h.11.mlp.c_proj.weight,2,true",
    "encoder.layer.0.output.dense.weight,2,true",
    "bert.encoder.layer.0.attention.self.query.weight,2,true",
    "bert.encoder.layer.11.attention.output.dense.weight,2,true",
    "bert.pooler.dense.weight,2,true",
    "decoder.block.3.layer.2.DenseReluDense.wi_0.weight,2,true",
    "model.layers.0.block_sparse_moe.experts.7.w1.weight,2,true",
    "model.layers.0.block_sparse_moe.gate.weight,2,true",
    "model.layers.0.mlp.shared_expert.up_proj.weight,2,true",
    "model.layers.0.mlp.experts.down_proj,3,true",
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
    "classifier.weight,2,false",
    "qa_outputs.weight,2,false",
    "cls.predictions.transform.dense.weight,2,false",
    "bert.embeddings.position_embeddings.weight,2,false",
    "bert.embeddings.token_type_embeddings.weight,2,false",
    "encoder.embed_tokens.weight,2,false",
    "decoder.embed_positions.weight,2,false",
    "transformer.h.0.ln_1.weight,1,false",
    "model.layers.0.self_attn.q_proj.lora_scale,2,false",
    "weight,2,false",
    "logit_scale,0,false",
    "model.norm.weight,1,false",
    "model.layers.0.self_attn.q_proj.bias,1,false",
    "conv1d.weight,3,false",
    "blk.0.attn_q.weight,2,true",
    "blk.11.ffn_down.weight,2,true",
    "blk.0.ffn_up_exps.weight,3,true",
    "blk.0.ffn_gate_chexps.weight,3,true",
    "blk.0.attn_k_b.weight,3,false",
    "token_embd.weight,2,false",
    "per_layer_token_embd.weight,2,false",
    "position_embd.weight,2,false",
    "token_types.weight,2,false",
    "dec.blk.0.attn_rel_b.weight,2,false",
  })
  void linearLayersAreSelectedAndEmbeddingsHeadsNormsAndBiasesAreNot(
      String name, int dimensions, boolean selected) {
    assertThat(byDefault.selects(name, dimensions)).isEqualTo(selected);
  }

  @Test
  void includeBringsInWhatTheDefaultLeavesOutAndExcludeWins() {
    MatrixSelection selection = MatrixSelection.of("lm_head|layers\\.0", "k_proj");

    assertThat(selection.selects("lm_head.weight", 2)).isTrue();
    assertThat(selection.selects("model.layers.0.self_attn.q_proj.weight", 2)).isTrue();
    assertThat(selection.selects("model.layers.0.self_attn.k_proj.weight", 2)).isFalse();
    assertThat(selection.selects("model.layers.1.self_attn.q_proj.weight", 2)).isFalse();
    assertThat(selection.selects("model.layers.0.input_layernorm.weight", 1)).isFalse();
  }

  @Test
  void excludeAloneTakesAwayFromTheDefault() {
    MatrixSelection selection = MatrixSelection.of(null, "\\.mlp\\.");

    assertThat(selection.selects("model.layers.0.self_attn.q_proj.weight", 2)).isTrue();
    assertThat(selection.selects("model.layers.0.mlp.up_proj.weight", 2)).isFalse();
    assertThat(selection.selects("lm_head.weight", 2)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"0,false", "1,false", "2,true", "3,true", "4,false"})
  void includeBringsInMatricesAndStacksOfThemOnly(int dimensions, boolean selected) {
    MatrixSelection selection = MatrixSelection.of("conv", null);

    assertThat(selection.selects("conv.kernel", dimensions)).isEqualTo(selected);
  }

  @Test
  void aBadPatternIsNamedWithItsOption() {
    assertBadPattern(
        () -> MatrixSelection.of("q_proj(", null),
        "Cannot use --include 'q_proj(': Unclosed group near index 7");
    assertBadPattern(
        () -> MatrixSelection.of(null, "*x"),
        "Cannot use --exclude '*x': Dangling meta character '*' near index 0");
  }

  private static void assertBadPattern(ThrowingCallable call, String firstLine) {
    UserInputException fault = catchThrowableOfType(UserInputException.class, call);

    assertThat(fault.code()).isEqualTo(RejectCode.SETTING_INVALID);
    assertThat(fault.getMessage().lines()).first().isEqualTo(firstLine);
  }
}
