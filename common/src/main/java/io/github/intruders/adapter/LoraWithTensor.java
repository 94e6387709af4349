package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import java.util.List;

/** LoRA and one more tensor of its module, which scales it. */
sealed interface LoraWithTensor extends AdapterUpdate permits DoraUpdate, ScaledLora {
  /** The update without that tensor. */
  LowRankSource lora();

  /** The tensor. */
  MatrixSource scales();

  @Override
  default String baseTensor() {
    return lora().baseTensor();
  }

  @Override
  default List<MatrixSource> sources() {
    return List.of(lora().a(), lora().b(), scales());
  }
}
